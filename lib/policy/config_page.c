#include "policy/config_page.h"

#include "policy/names.h"

#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 4096

static const char listen_rule[] = "must be ADDRESS:PORT, :PORT or empty";

/* "8080" of ":8080", "127.0.0.1:8080" and "[::1]:8080"; 0 lets the kernel choose. */
static bool listen_is_right(const char *text)
{
	const char *port = strrchr(text, ':');
	if (!*text)
		return true;
	if (!port || text[strspn(text, "0123456789abcdefABCDEF.:[]")])
		return false;
	size_t digits = strspn(port + 1, "0123456789");
	bool bracketed = *text == '[' && port > text && port[-1] == ']';
	if (!bracketed &&
	    (memchr(text, ':', (size_t)(port - text)) || strpbrk(text, "[]")))
		return false;
	return digits >= 1 && digits <= 5 && !port[1 + digits] &&
	       strtol(port + 1, NULL, 10) <= 65535;
}

void field_listen(const struct place *at, const struct field *f, void *object)
{
	char **listen = (char **)((char *)object + f->offset);
	if (!scalar_check(at, "a text like \":8080\""))
		return;
	if (!listen_is_right(at->node->text)) {
		place_invalid(at, listen_rule);
		return;
	}
	free(*listen);
	*listen = xstrdup(at->node->text);
}

#define PAGE(member) .offset = offsetof(struct config_page, member)

static const struct field page_fields[] = {
	{.name = "listen", .read = field_listen, PAGE(listen)},
	{.name = "hosts", .read = field_subdomain_list, PAGE(hosts)},
	{.name = "certFile", .read = field_text, PAGE(cert_file), .max = PATH_BYTES_MAX},
	{.name = "keyFile", .read = field_text, PAGE(key_file), .max = PATH_BYTES_MAX},
	{.name = "tokenReview", .read = field_bool, PAGE(token_review)},
};

static bool is_loopback(const char *listen)
{
	return !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6);
}

int config_page_check(const struct config_page *page, struct err *err)
{
	if (!page->cert_file != !page->key_file)
		return err_set(err, ERR_INVALID,
			       "certFile and keyFile: allowed: both or none");
	if (!*page->listen || is_loopback(page->listen))
		return 0;
	if (page->token_review && page->cert_file)
		return 0;
	return err_set(err, ERR_INVALID,
		       "listen: %s is not a loopback address: want tokenReview: true, "
		       "certFile and keyFile as well (or 127.0.0.1:PORT, and kubectl "
		       "port-forward)",
		       page->listen);
}

void config_page_read(const struct place *at, const struct field *f, void *object)
{
	struct config_page *page = (struct config_page *)((char *)object + f->offset);
	struct err err;
	fields_read(at, page_fields, ARRAY_LEN(page_fields), page);
	if (config_page_check(page, &err) < 0)
		place_problem(at, "%s", err.msg);
}

void config_page_defaults(struct config_page *page)
{
	*page = (struct config_page){.listen = xstrdup("127.0.0.1:8081")};
}

void config_page_fini(struct config_page *page)
{
	free(page->listen);
	free(page->cert_file);
	free(page->key_file);
	names_fini(&page->hosts);
	*page = (struct config_page){0};
}

int config_set_page(struct controller_config *c, const char *listen, struct err *err)
{
	if (!listen_is_right(listen))
		return err_set(err, ERR_INVALID, "%s: %s", listen, listen_rule);
	free(c->page.listen);
	c->page.listen = xstrdup(listen);
	return config_page_check(&c->page, err);
}
