/* One source of the controller's configuration: how it is read. Private to policy. */
#ifndef FORETOP_POLICY_SOURCE_H
#define FORETOP_POLICY_SOURCE_H

#include "policy/config.h"
#include "policy/fields.h"

/* Reads the list of sources into the struct controller_config. URLs, credentials, headers
 * and whatever stands where a map or a list belongs are never quoted in a message. */
field_reader sources_read;

/* Name and URL are NULL. */
void source_defaults(struct config_source *source);
/* Overwrites secrets and frees. */
void source_fini(struct config_source *source);

/* What is wrong with the URL of a source, or NULL. */
const char *source_url_problem(const char *url);
/* A copy without slashes at its end. */
char *source_url_copy(const char *url);

#endif
