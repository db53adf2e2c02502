#include "policy/names.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_MAX     63
#define SUBDOMAIN_MAX 253

static bool is_label(const char *name, size_t len)
{
	if (len < 1 || len > LABEL_MAX || name[0] == '-' || name[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= '0' && name[i] <= '9') && name[i] != '-')
			return false;
	return true;
}

bool name_is_label(const char *name)
{
	return is_label(name, strlen(name));
}

bool name_is_subdomain(const char *name)
{
	if (strlen(name) > SUBDOMAIN_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(name, ".");
		if (!is_label(name, len))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

static const char label_rule[] =
	"must be 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends";

void field_label(const struct place *at, const struct field *f, void *object)
{
	if (scalar_check(at, "a name") && !name_is_label(at->node->text))
		place_invalid(at, label_rule);
	else if (at->node->kind == YAML_SCALAR)
		field_text(at, f, object);
}

void field_subdomain(const struct place *at, const struct field *f, void *object)
{
	if (scalar_check(at, "a name") && !name_is_subdomain(at->node->text))
		place_invalid(at, "must be at most 253 of a-z, 0-9, '-' and '.', with a "
				  "letter or digit "
				  "at both ends of each part");
	else if (at->node->kind == YAML_SCALAR)
		field_text(at, f, object);
}

static void read_list(const struct place *at, struct config_names *names,
		      field_reader *read)
{
	if (!list_limit(at, CONFIG_NAMES_MAX))
		return;
	names->names = xcalloc(at->node->count, sizeof(*names->names));
	for (size_t i = 0; i < at->node->count; i++) {
		struct place item = place_item(at, i);
		char *name = NULL;
		read(&item, &(struct field){.offset = 0}, &name);
		if (name && names_have(names, name)) {
			place_problem(&item, "Duplicate value: \"%s\"", name);
			free(name);
		} else if (name) {
			names->names[names->count++] = name;
		}
	}
}

void field_label_list(const struct place *at, const struct field *f, void *object)
{
	read_list(at, (struct config_names *)((char *)object + f->offset), field_label);
}

void field_subdomain_list(const struct place *at, const struct field *f, void *object)
{
	read_list(at, (struct config_names *)((char *)object + f->offset),
		  field_subdomain);
}

bool names_have(const struct config_names *names, const char *name)
{
	for (int32_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

void names_fini(struct config_names *names)
{
	for (int32_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct config_names){0};
}
