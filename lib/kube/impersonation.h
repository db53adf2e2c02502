/* Acting as somebody else, as far as the server lets the one who logs in ("as" and its
 * kin in kubeconfigs, kubectl's --as). */
#ifndef FORETOP_KUBE_IMPERSONATION_H
#define FORETOP_KUBE_IMPERSONATION_H

#include "base/base.h"
#include "http/http.h"

/* Everything is owned; zeroed: nobody. */
struct impersonation {
	char *user;
	char *uid;           /* NULL: not said */
	char **groups;       /* ended by NULL; NULL: not said */
	char **extra_keys;   /* likewise; a key stands once for each of its values */
	char **extra_values; /* as many */
};

/* as, as-uid, as-groups and as-user-extra of a user in a kubeconfig. 0, or -1 with *err =
 * ERR_INVALID that names the field: wrong types, line breaks, and anything without "as",
 * which the server would refuse. */
int impersonation_read(const struct yaml_node *user, struct impersonation *ret_as,
		       struct err *err);
/* 0, or -1 with *err = ERR_INVALID as impersonation_read. */
int impersonation_check(const struct impersonation *as, struct err *err);
void impersonation_copy(const struct impersonation *as, struct impersonation *ret_copy);
/* Accepts NULL and zeroed. */
void impersonation_fini(struct impersonation *as);

/* The headers that say so, in one block of memory with the texts of their names; values
 * are borrowed from `as`. Their number; the caller frees *ret_headers. */
size_t impersonation_headers(const struct impersonation *as,
			     struct http_header **ret_headers);

#endif
