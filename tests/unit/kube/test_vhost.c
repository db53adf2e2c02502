#include "kube/vhost.h"

#include "unit/harness.h"
#include "unit/http/certificate.h"

#include <string.h>

static struct reactor *reactor;
static struct certificate certificate;
static int destroyed;

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	(void)wsi;
	(void)user;
	(void)in;
	(void)len;
	if (reason == LWS_CALLBACK_PROTOCOL_DESTROY)
		destroyed++;
	return 0;
}

static const struct lws_protocols protocols[] = {{.name = "test", .callback = on_lws},
						 {0}};

static void setup(void)
{
	struct err err = {0};
	destroyed = 0;
	reactor = reactor_new(&err);
	ck_assert_msg(reactor != NULL, "%s", err.msg);
	certificate_init(&certificate, "server", "DNS:server");
}

static void teardown(void)
{
	reactor_free(reactor);
	certificate_fini(&certificate);
}

static void stop(void *arg)
{
	(void)arg;
	reactor_stop(reactor);
}

/* Lets the loop do what is due now. */
static void settle(void)
{
	struct timer timer = {0};
	timer_set(reactor, &timer, 5, stop, NULL);
	reactor_run(reactor);
}

static struct vhost *open_vhost(uint64_t generation)
{
	struct err err = {0};
	struct vhost_options options = {
		.tls = true,
		.tls_options = {.ca_pem = certificate.cert_pem, .name = "server"},
		.generation = generation,
		.protocols = protocols,
	};
	struct vhost *v = vhost_new(reactor, &options, &err);
	ck_assert_msg(v != NULL, "%s", err.msg);
	ck_assert_uint_eq(vhost_generation(v), generation);
	ck_assert_ptr_nonnull(vhost_lws(v));
	return v;
}

START_TEST(a_retired_one_goes_when_its_last_connection_has_ended)
{
	struct vhost *v = open_vhost(1);
	settle();
	vhost_connected(v);
	vhost_connected(v);
	vhost_disconnected(v);
	vhost_retire(v);
	settle();
	ck_assert_int_eq(destroyed, 0);
	vhost_disconnected(v);
	settle();
	ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(one_without_connections_goes_when_retired_and_not_before)
{
	struct vhost *v = open_vhost(2);
	vhost_connected(v);
	vhost_disconnected(v);
	settle();
	ck_assert_int_eq(destroyed, 0);
	vhost_retire(v);
	settle();
	ck_assert_int_eq(destroyed, 1);
	vhost_retire(NULL);
}
END_TEST

START_TEST(the_loop_frees_what_is_left)
{
	open_vhost(3);
	vhost_retire(open_vhost(4)); /* due, but the loop does not run any more */
}
END_TEST

START_TEST(trust_that_cannot_be_read_is_an_error)
{
	struct err err = {0};
	struct vhost_options options = {
		.tls = true,
		.tls_options = {.ca_pem = "nothing", .name = "server"},
		.protocols = protocols,
	};
	ck_assert_ptr_null(vhost_new(reactor, &options, &err));
	ck_assert_int_eq(err.code, ERR_RETRY);
	options.tls = false;
	ck_assert_ptr_nonnull(vhost_new(reactor, &options, &err));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube vhost");
	TCase *t = tcase_create("vhost");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_retired_one_goes_when_its_last_connection_has_ended);
	tcase_add_test(t, one_without_connections_goes_when_retired_and_not_before);
	tcase_add_test(t, the_loop_frees_what_is_left);
	tcase_add_test(t, trust_that_cannot_be_read_is_an_error);
	suite_add_tcase(s, t);
	return run_suite(s);
}
