/* resourceVersion: an opaque string that may be compared within one kind of resource
 * (KEP-5504). */
#ifndef FORETOP_KUBE_VERSION_H
#define FORETOP_KUBE_VERSION_H

#include <stdbool.h>

#define KUBE_VERSION_SIZE 64
#define KUBE_UID_SIZE     64

/* Negative, 0 or positive as a is older than, equal to or newer than b, as decimal
 * numbers of any length; "" is the oldest. What is no number compares as text. */
int kube_version_compare(const char *a, const char *b);

#endif
