/* Answers of credential plugins: what is taken can be used, and no text quotes a token.
 */
#include "fuzz/fuzz.h"

#include "kube/kube.h"

#include <stdlib.h>
#include <string.h>

#define V1     "client.authentication.k8s.io/v1"
#define SECRET "s3cr3t"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	struct exec_credential c AUTO(exec_credential_fini) = {0};
	struct err err = {0};
	if (exec_credential_parse(text, strlen(text), V1, &c, &err) < 0) {
		must_explain(&err);
		must(err.code == ERR_RETRY, "code %d", (int)err.code);
		must(!strstr(err.msg, SECRET), "%s", err.msg);
		must(!c.token && !c.cert_pem && !c.key_pem, "left behind");
		return 0;
	}
	must(c.token || c.cert_pem, "nothing to log in with");
	must(!c.cert_pem == !c.key_pem, "half of a pair");
	must(!c.token || (*c.token && !strpbrk(c.token, "\r\n")), "token of lines");
	return 0;
}
