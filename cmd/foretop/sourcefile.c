#include "sourcefile.h"

#include "io/io.h"

#define CONFIG_LIMIT (1024 * 1024)

static int read_file(const char *config, struct controller_config *ret, struct err *err)
{
	char *text AUTO_FREE = NULL;
	size_t len;
	if (file_read(config, CONFIG_LIMIT, &text, &len, err) < 0)
		return -1;
	return config_parse(text, len, ret, err) < 0 ? err_wrap(err, "%s", config) : 0;
}

int sourcefile_read(const char *config, const char *prometheus_url,
		    struct controller_config *ret_config, struct err *err)
{
	struct controller_config c = {0};
	if (!config)
		config_defaults(&c);
	else if (read_file(config, &c, err) < 0)
		return -1;
	if (prometheus_url && config_set_url(&c, prometheus_url, err) < 0) {
		config_free(&c);
		return err_wrap(err, "--prometheus-url");
	}
	*ret_config = c;
	return 0;
}
