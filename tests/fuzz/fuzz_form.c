/* Forms (application/x-www-form-urlencoded): within the limit, and what was decoded reads
 * the same once it is encoded again. */
#include "fuzz/fuzz.h"

#include "http/http.h"
#include "serve/request.h"

#include <string.h>

static void encode(const struct http_form *form, struct str *out)
{
	for (int i = 0; i < form->arg_count; i++) {
		str_puts(out, i ? "&" : "");
		http_escape(out, form->args[i].name);
		str_puts(out, "=");
		http_escape(out, form->args[i].value);
	}
	must(!out->cut, "%zu bytes", out->len);
}

static void check_same(const struct http_form *a, const struct http_form *b)
{
	must(a->arg_count == b->arg_count, "%d and %d", a->arg_count, b->arg_count);
	for (int i = 0; i < a->arg_count; i++) {
		must_equal(a->args[i].name, b->args[i].name);
		must_equal(a->args[i].value, b->args[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_form form AUTO(http_form_fini) = {0}, back AUTO(http_form_fini) = {0};
	struct err err = {0};
	if (http_form_parse(&form, (const char *)data, size, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_INVALID && !form.arg_count, "touched");
		return 0;
	}
	must(form.arg_count >= 0 && form.arg_count <= HTTP_ARGS_MAX, "%d",
	     form.arg_count);
	struct str text AUTO(str_fini);
	str_init(&text, 4 * size + 256);
	encode(&form, &text);
	must(http_form_parse(&back, str_text(&text), text.len, &err) == 0, "%s", err.msg);
	check_same(&form, &back);
	for (int i = 0; i < form.arg_count; i++)
		must(http_form_get(&form, form.args[i].name, NULL), "%s",
		     form.args[i].name);
	return 0;
}
