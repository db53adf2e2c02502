/* Kubernetes names and lists of them. Private to policy. */
#ifndef FORETOP_POLICY_NAMES_H
#define FORETOP_POLICY_NAMES_H

#include "policy/config.h"
#include "policy/fields.h"

/* A namespace, RFC 1123 label: 1 to 63 of a-z, 0-9 and '-', the first and the last no
 * '-'. */
bool name_is_label(const char *name);
/* Most other objects, RFC 1123 subdomain: labels joined by dots, up to 253 bytes. */
bool name_is_subdomain(const char *name);

/* char *: a label; a subdomain. */
field_reader field_label;
field_reader field_subdomain;
/* struct config_names: a list of different labels; of subdomains. */
field_reader field_label_list;
field_reader field_subdomain_list;

bool names_have(const struct config_names *names, const char *name);
void names_fini(struct config_names *names);

#endif
