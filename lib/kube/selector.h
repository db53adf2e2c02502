/* Label selectors: read from an object or from text, and matched against labels. */
#ifndef FORETOP_KUBE_SELECTOR_H
#define FORETOP_KUBE_SELECTOR_H

#include "base/base.h"

struct kube_selector;

/* A metav1.LabelSelector: matchLabels and matchExpressions (In, NotIn, Exists,
 * DoesNotExist). {} matches everything, null nothing, as in Kubernetes. NULL with *err =
 * ERR_INVALID on malformed input or more than 256 requirements or values. */
struct kube_selector *kube_selector_read(const cJSON *label_selector, struct err *err);
/* The text form, as in status.selector of a Scale: "app=web,tier in
 * (a,b),!canary,x!=y,z".
 * "" matches everything. */
struct kube_selector *kube_selector_parse(const char *text, struct err *err);
/* Accepts NULL. */
void kube_selector_free(struct kube_selector *s);

/* labels: an object {"key": "value"}, or NULL for none. A NULL selector matches nothing.
 */
bool kube_selector_match(const struct kube_selector *s, const cJSON *labels);
/* Its requirement number `i` of those that ask for one value of one label, by key; false:
 * there are not so many. The texts are the selector's. NULL has none. */
bool kube_selector_label(const struct kube_selector *s, size_t i, const char **ret_key,
			 const char **ret_value);
/* True when it has no requirement, so everything matches. */
bool kube_selector_is_empty(const struct kube_selector *s);
/* The text form, sorted by key as Kubernetes prints it; for a query escape it. The caller
 * frees. */
char *kube_selector_text(const struct kube_selector *s);

#endif
