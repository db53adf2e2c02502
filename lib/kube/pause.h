/* The ConfigMap in which `foretop pause` leaves what controllers obey: a key for each
 * policy, or one for all, and until when. */
#ifndef FORETOP_KUBE_PAUSE_H
#define FORETOP_KUBE_PAUSE_H

#include <stdint.h>

#define KUBE_PAUSE_NAME    "foretop-pause"
#define KUBE_PAUSE_ALL     "all"     /* every policy */
#define KUBE_PAUSE_FOREVER "forever" /* until it is resumed */

/* "NS.NAME", as the status object of the policy is named: no namespace has a dot. Keys
 * have 253 characters at most. The caller frees. */
char *kube_pause_key(const char *ns, const char *name);
/* "forever" is INT64_MAX; else a time. 0, or -1 for anything else. */
int kube_pause_read(const char *text, int64_t *ret_until_ms);

#endif
