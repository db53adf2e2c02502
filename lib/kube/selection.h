/* The part of a query that selects objects. Pure. */
#ifndef FORETOP_KUBE_SELECTION_H
#define FORETOP_KUBE_SELECTION_H

/* "labelSelector=a%3Db&fieldSelector=...", or "" when both are NULL or empty. The caller
 * frees. */
char *selection_query(const char *label_selector, const char *field_selector);

#endif
