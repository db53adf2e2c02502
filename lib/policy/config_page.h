/* Addresses to listen on, and who may see the page. Private to policy. */
#ifndef FORETOP_POLICY_CONFIG_PAGE_H
#define FORETOP_POLICY_CONFIG_PAGE_H

#include "policy/config.h"
#include "policy/fields.h"

/* char *: ADDRESS:PORT, [IPV6]:PORT, :PORT, or empty. */
field_reader field_listen;
/* struct config_page, whole. */
field_reader config_page_read;

void config_page_defaults(struct config_page *page);
/* Accepts zeroed. */
void config_page_fini(struct config_page *page);

#endif
