/* The Prometheus that a command asks: an address, or a configuration file of foretop run.
 */
#ifndef FORETOP_SOURCEFILE_H
#define FORETOP_SOURCEFILE_H

#include "policy/policy.h"

/* Reads the file (NULL: the defaults) and lets the URL (NULL: none) be the source
 * "default". 0, or -1 with *err that names the file or the flag. The caller frees the
 * result (config_free). */
int sourcefile_read(const char *config, const char *prometheus_url,
		    struct controller_config *ret_config, struct err *err);

#endif
