#include "kube/selection.h"

#include "http/http.h"

static void add(struct str *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	str_printf(out, "%s%s=", out->len ? "&" : "", name);
	http_escape(out, value);
}

char *selection_query(const char *label_selector, const char *field_selector)
{
	struct str out AUTO(str_fini);
	str_init(&out, 256 * 1024);
	add(&out, "labelSelector", label_selector);
	add(&out, "fieldSelector", field_selector);
	return str_take(&out);
}
