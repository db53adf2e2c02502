"""Unit tests of what the end-to-end test computes; `tests/e2e/run` runs them first."""
import base64
import json
import os
import socket
import tempfile
import threading
import unittest

from e2e import access, audit, bed, cluster, faultproxy, installation, levels, measures, processes, sharded, shards, story, tokens, traces

# Of tests/unit/loop/test_share.c.
FIXED = [("shop", "checkout", 10, 0), ("shop", "cart", 15, 4), ("default", "web", 8, 0), ("a", "b", 13, 0)]


class Traces(unittest.TestCase):
    def test_every_ramp_rises_threefold_and_recurs(self):
        self.assertEqual(5, len(traces.RAMPS))
        for ramp in traces.RAMPS:
            trace = traces.Trace.read(os.path.join(traces.DATA, ramp.file))
            k = trace.index(ramp.rise)
            self.assertEqual(ramp.rise, trace.start + k * traces.STEP_S, ramp.service)
            self.assertGreaterEqual(trace.rise_ratio(ramp.rise), traces.RISE_RATIO, ramp.service)
            self.assertGreaterEqual(trace.recurrence(ramp.rise), traces.RECURRING_DAYS, ramp.service)
            self.assertIn(k, [found[0] for found in traces.find_rises(trace.values, days=14)], ramp.service)

    def test_no_file_is_longer_than_15_days(self):
        for ramp in traces.RAMPS:
            trace = traces.Trace.read(os.path.join(traces.DATA, ramp.file))
            self.assertLessEqual(len(trace.values) * traces.STEP_S, 15 * traces.DAY_S)
            self.assertGreaterEqual(ramp.rise - trace.start, traces.HISTORY_S + 900)

    def daily(self, days, rise=10.0):
        day = [1.0] * traces.STEPS_PER_DAY
        day[100] = rise
        return [v for _ in range(days) for v in day]

    def test_a_daily_rise_is_found(self):
        rises = traces.find_rises(self.daily(16))
        self.assertEqual({100}, {k % traces.STEPS_PER_DAY for k, _, _ in rises})
        self.assertEqual([14, 14], [recurring for _, _, recurring in rises])

    def test_a_rise_below_three_is_not_found(self):
        self.assertEqual([], traces.find_rises(self.daily(16, rise=2.9)))

    def test_the_ten_minutes_before_must_be_calm(self):
        values = self.daily(15)
        values[14 * traces.STEPS_PER_DAY + 98] = 5.0
        self.assertEqual([], traces.find_rises(values))

    def test_peaks_near_the_rises_of_other_days_do_not_matter(self):
        values = self.daily(15)
        for day in range(14):
            values[day * traces.STEPS_PER_DAY + 98] = 5.0
        self.assertEqual([(14 * traces.STEPS_PER_DAY + 100, 10.0, 14)], traces.find_rises(values))

    def test_a_day_that_rises_less_than_the_others_is_not_found(self):
        values = self.daily(15)
        values[14 * traces.STEPS_PER_DAY + 100] = 2.5
        self.assertEqual([], traces.find_rises(values))

    def test_a_single_rise_is_not_found(self):
        values = [1.0] * (16 * traces.STEPS_PER_DAY)
        values[-10] = 10.0
        self.assertEqual([], traces.find_rises(values))

    def test_a_rise_may_come_a_step_late_on_some_days(self):
        values = self.daily(16)
        for day in range(3):
            k = day * traces.STEPS_PER_DAY + 100
            values[k], values[k + 1] = 1.0, 10.0
        self.assertEqual(14, traces.recurrence(values, 14 * traces.STEPS_PER_DAY + 100, 14))

    def test_gaps_in_a_file_are_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
            f.write("unix_seconds,x\n0,1\n300,1\n900,1\n")
            f.flush()
            self.assertRaises(ValueError, traces.Trace.read, f.name)


class Loads(unittest.TestCase):
    def setUp(self):
        # Ten minutes of 2, then 10, 4 and 1, from trace time 0; the rise moves to 100000.
        self.load = traces.Load("x", traces.Trace(0, [2, 2, 10, 4, 1]), 600, 100_000, 2500)

    def test_the_rise_is_moved_and_scaled(self):
        self.assertEqual(500, self.load.demand(99_999))
        self.assertEqual(2500, self.load.demand(100_000))
        self.assertEqual(2500, self.load.demand(100_299.9))
        self.assertEqual(1000, self.load.demand(100_300))

    def test_the_counter_is_the_integral_of_the_demand(self):
        self.assertEqual(0, self.load.total(99_400))
        self.assertEqual(500 * 600, self.load.total(100_000))
        self.assertEqual(500 * 600 + 2500 * 10, self.load.total(100_010))
        self.assertEqual(500 * 600 + 2500 * 300 + 1000 * 300, self.load.total(100_600))

    def test_outside_of_the_trace_nothing_is_invented(self):
        self.assertRaises(ValueError, self.load.demand, 99_399)
        self.assertRaises(ValueError, self.load.total, 100_900)

    def test_steps_cover_the_window(self):
        self.assertEqual([(99_990, 500), (100_000, 2500), (100_300, 1000)], self.load.steps(99_990, 100_600))


class Measures(unittest.TestCase):
    def test_unserved_load_is_what_exceeds_ready_capacity(self):
        demand = [(0, 100.0), (60, 500.0)]
        ready = [(0, 1), (90, 3), (120, 5)]
        lost, total, short = measures.unserved(demand, ready, 100, 0, 180)
        self.assertEqual(400 * 30 + 200 * 30, lost)
        self.assertEqual(100 * 60 + 500 * 120, total)
        self.assertEqual(60, short)

    def test_spare_capacity_does_not_make_up_for_a_shortage(self):
        lost, _, _ = measures.unserved([(0, 100.0)], [(0, 10), (10, 0)], 100, 0, 20)
        self.assertEqual(1000, lost)

    def test_nothing_ready_serves_nothing(self):
        self.assertEqual((500.0, 500.0, 5.0), measures.unserved([(0, 100.0)], [], 100, 0, 5))

    def test_only_the_window_counts(self):
        self.assertEqual((0, 1000.0, 0), measures.unserved([(0, 100.0)], [(-5, 0), (10, 1)], 100, 10, 20))

    def test_pod_seconds(self):
        self.assertEqual(2 * 10 + 5 * 5, measures.pod_seconds([(0, 2), (20, 5)], 10, 25))

    def test_changes_leave_repeats_out(self):
        self.assertEqual([1, 2, 1], measures.changes([(0, 1), (1, 2), (2, 2), (3, 1)]))


class Envelope(unittest.TestCase):
    twin = [(0, 3), (100, 6), (115, 12)]

    def strays(self, steps, slack=30):
        return measures.outside(steps, self.twin, 40, 300, slack)

    def test_the_same_is_inside(self):
        self.assertEqual([], self.strays(self.twin))

    def test_two_cycles_late_is_inside(self):
        self.assertEqual([], self.strays([(0, 3), (129, 6), (144, 12)]))

    def test_two_cycles_early_is_inside(self):
        self.assertEqual([], self.strays([(0, 3), (71, 6), (86, 12)]))

    def test_another_way_up_is_inside(self):
        self.assertEqual([], self.strays([(0, 3), (104, 5), (110, 12)]))

    def test_three_cycles_late_is_lower(self):
        found = self.strays([(0, 3), (146, 12)])
        self.assertTrue(found)
        self.assertTrue(all(value < low for _, value, low, _ in found))

    def test_never_following_is_lower(self):
        self.assertEqual((3, 12, 12), self.strays([(0, 3)])[-1][1:])

    def test_a_short_dip_is_seen(self):
        self.assertTrue(self.strays([(0, 3), (100, 6), (115, 12), (200, 11), (201, 12)]))

    def test_one_more_is_seen(self):
        self.assertTrue(self.strays([(0, 3), (100, 6), (115, 13)]))


def audit_event(**changes):
    event = {"stage": "ResponseComplete", "verb": "update", "user": {"username": "foretop"},
             "stageTimestamp": "2026-11-22T20:00:00.500000Z", "requestURI": "/apis/x",
             "objectRef": {"resource": "deployments", "subresource": "scale", "namespace": "shop", "name": "a"},
             "requestObject": {"spec": {"replicas": 5}}, "responseStatus": {"code": 200}}
    return {**event, **changes}


class Audit(unittest.TestCase):
    def test_scale_writes_carry_user_target_and_number(self):
        write = audit.scale_writes([audit_event()])[0]
        self.assertEqual(("foretop", "shop", "a", 200, 5),
                         (write.user, write.namespace, write.name, write.status, write.replicas))
        self.assertEqual(0.5, write.time % 1)

    def test_reads_and_other_resources_are_no_scale_writes(self):
        self.assertEqual([], audit.scale_writes([
            audit_event(verb="get"), audit_event(objectRef={"resource": "deployments", "name": "a"}),
            audit_event(objectRef=None)]))

    def test_what_was_refused_is_named_once(self):
        refused = audit_event(responseStatus={"code": 403})
        self.assertEqual(["update deployments/scale in shop"], audit.refused([refused, refused], "foretop"))
        self.assertEqual([], audit.refused([refused, audit_event()], "somebody"))

    def test_a_half_written_line_is_left_for_later(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(json.dumps(audit_event()) + "\n" + json.dumps(audit_event())[:40])
            f.flush()
            self.assertEqual(1, len(audit.read(f.name)))


class Plan(unittest.TestCase):
    def test_the_rise_is_a_full_minute_within_five_and_a_half_minutes(self):
        for now in (1000.0, 1010.5, 1049.9, 1050.0, 1050.1):
            rise = story.plan_rise(now)
            self.assertEqual(0, rise % 60)
            self.assertTrue(story.LEAD_S <= rise - now < story.LEAD_S + 60)
            self.assertEqual(rise, story.plan_rise(now, 5))

    def test_a_slow_machine_gets_more_time_before_the_rise(self):
        self.assertTrue(story.LEAST_LEAD_S + 200 <= story.plan_rise(1000, 20) - 1000 < story.LEAST_LEAD_S + 260)

    def test_kills_are_the_same_in_every_run(self):
        kills = story.plan_kills(0, 100)
        self.assertEqual((kills, 10), (story.plan_kills(0, 100), len(kills)))
        self.assertTrue(all(0 <= k <= 100 for k in kills))
        self.assertEqual(kills, sorted(kills))

    def test_a_moved_installation_keeps_its_rights(self):
        binding = {"kind": "ClusterRoleBinding", "metadata": {"name": "foretop"},
                   "roleRef": {"kind": "ClusterRole", "name": "foretop"},
                   "subjects": [{"kind": "ServiceAccount", "name": "foretop", "namespace": "foretop-system"}]}
        moved = installation.moved(binding, "elsewhere")
        self.assertEqual("foretop-elsewhere", moved["metadata"]["name"])
        self.assertEqual("elsewhere", moved["subjects"][0]["namespace"])
        self.assertEqual(binding["roleRef"], moved["roleRef"])
        self.assertEqual(binding, installation.moved(binding, "foretop-system"))


class Echo:
    """Sends back what it gets, behind a FaultProxy."""

    def __init__(self, **options):
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._run, daemon=True).start()
        self.proxy = faultproxy.FaultProxy(self.listener.getsockname()[1], **options)
        self.proxy.start()

    def _run(self):
        while True:
            served, _peer = self.listener.accept()
            threading.Thread(target=self._serve, args=(served,), daemon=True).start()

    @staticmethod
    def _serve(served):
        try:
            while data := served.recv(4096):
                served.sendall(data)
        except OSError:
            pass

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.proxy.port), timeout=10)


def answer(connection, text):
    connection.sendall(text)
    got = b""
    while len(got) < len(text):
        data = connection.recv(4096)
        if not data:
            break
        got += data
    return got


class Faulty(unittest.TestCase):
    def test_it_passes_bytes_on(self):
        with Echo().connect() as connection:
            self.assertEqual(b"hello", answer(connection, b"hello"))

    def test_a_cut_resets_what_stands_and_what_comes_until_it_is_mended(self):
        echo = Echo()
        with echo.connect() as connection:
            answer(connection, b"hello")
            echo.proxy.cut()
            with self.assertRaises(OSError):
                answer(connection, b"hello")
        with self.assertRaises(OSError):
            with echo.connect() as connection:
                answer(connection, b"hello")
        echo.proxy.mend()
        with echo.connect() as connection:
            self.assertEqual(b"hello", answer(connection, b"hello"))

    def test_what_went_silent_stays_silent_and_open(self):
        echo = Echo()
        with echo.connect() as old:
            answer(old, b"hello")
            echo.proxy.go_silent()
            echo.proxy.mend()
            with echo.connect() as new:
                self.assertEqual(b"hello", answer(new, b"hello"))
            old.sendall(b"anybody?")
            old.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                old.recv(1)

    def test_a_cut_after_some_bytes_lets_just_these_pass(self):
        echo = Echo()
        with echo.connect() as connection:
            answer(connection, b"hello")
            echo.proxy.cut_after(3)
            connection.sendall(b"goodbye")
            got = b""
            try:
                while data := connection.recv(1):
                    got += data
            except OSError:
                pass
            self.assertIn(got, (b"", b"goo"))  # a reset may overtake them

    def test_as_a_proxy_for_connect_it_keeps_what_it_was_asked(self):
        echo = Echo(connect=True)
        with echo.connect() as connection:
            connection.sendall(b"CONNECT api.invalid:6443 HTTP/1.1\r\n\r\n")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
            self.assertEqual(b"hello", answer(connection, b"hello"))
        self.assertEqual(["CONNECT api.invalid:6443 HTTP/1.1\r\n\r\n"], echo.proxy.heads)


class Credentials(unittest.TestCase):
    def test_a_token_is_known_by_its_id(self):
        claims = base64.urlsafe_b64encode(json.dumps({"jti": "0712"}).encode()).decode().rstrip("=")
        self.assertEqual("JTI=0712", tokens.identity(f"head.{claims}.signature"))
        self.assertEqual("JTI=0712", tokens.used({"user": {"extra": {
            "authentication.kubernetes.io/credential-id": ["JTI=0712"]}}}))
        self.assertIsNone(tokens.used({"user": {}}))

    def test_a_volume_is_replaced_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            volume = access.Volume(os.path.join(folder, "v"))
            volume.write(token="one")
            before = os.readlink(volume.path("..data"))
            volume.write(**{"ca.crt": "pem"})
            self.assertEqual("one", access.read(volume.path("token")))
            self.assertEqual("pem", access.read(volume.path("ca.crt")))
            self.assertNotEqual(before, os.readlink(volume.path("..data")))
            volume.write(token="two")
            self.assertEqual("two", access.read(volume.path("token")))


class Shards(unittest.TestCase):
    def test_a_workload_is_where_the_program_says(self):
        for namespace, name, of_16, of_5 in FIXED:
            self.assertEqual((shards.shard_of(namespace, name, 16), shards.shard_of(namespace, name, 5)), (of_16, of_5))

    def test_a_lease_has_the_number_in_its_name(self):
        self.assertEqual(shards.lease_of("shop", "checkout", 1), "foretop-0-of-1")

    def test_each_shard_has_a_workload_to_hand_over(self):
        kind = sharded.Sharded
        self.assertEqual({shards.shard_of(kind.shop, app, kind.shards) for app in kind.apps}, set(range(kind.shards)))


class Steady:
    """A load of ten units per second."""

    @staticmethod
    def total(at):
        return 10 * at


class Seam(unittest.TestCase):
    def test_a_sample_is_of_some_moment_of_its_scrape(self):
        exact, late = [(0, 0), (15, 150), (30, 300)], [(0, 0), (15, 159), (30, 300)]
        self.assertEqual(0, bed.largest_error(Steady, exact, {}))
        self.assertEqual(0, bed.largest_error(Steady, late, {15: 1.0}))
        self.assertAlmostEqual(0.06, bed.largest_error(Steady, late, {}))

    def test_what_was_lost_or_counted_twice_is_seen(self):
        for value in (100, 200):
            self.assertGreater(bed.largest_error(Steady, [(0, 0), (15, value), (30, 300)], {15: 0.5, 30: 0.5}), 0.25)


class Rights(unittest.TestCase):
    role = {"kind": "Role", "metadata": {"namespace": "a", "name": "r"}, "rules": [
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "update"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["x"], "verbs": ["get"]}]}

    def binding(self, namespace, **subject):
        return {"kind": "RoleBinding", "metadata": {"namespace": namespace, "name": "b"},
                "roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "foretop",
                                                                       "namespace": "own", **subject}]}

    def test_what_a_binding_gives_is_asked_for_verb_by_verb(self):
        found = cluster.reviews([self.role, self.binding("a")])
        self.assertEqual(["get deployments/scale ", "update deployments/scale ", "get configmaps/ x"], [
            "{verb} {resource}/{subresource} {name}".format(**review["resourceAttributes"]) for review in found])
        self.assertEqual({("system:serviceaccount:own:foretop", "a")},
                         {(review["user"], review["resourceAttributes"]["namespace"]) for review in found})

    def test_roles_elsewhere_and_other_subjects_are_not_asked_for(self):
        self.assertEqual([], cluster.reviews([self.role, self.binding("b"), self.binding("a", kind="User")]))


class Ports(unittest.TestCase):
    def test_a_port_that_was_given_out_is_free_for_a_server_and_for_nobody_else(self):
        ports = processes.free_ports(3)
        self.assertEqual(3, len(set(ports)))
        for port in ports:
            with socket.socket() as other, self.assertRaises(OSError):
                other.bind(("127.0.0.1", port))
            for _ in range(2):  # again after its end
                with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(server.getsockname()):
                    server.accept()[0].close()


class Sizes(unittest.TestCase):
    def test_a_demand_needs_whole_pods(self):
        self.assertEqual([4, 5, 1], [levels.needed(demand) for demand in (400, 401, 10)])

    def test_only_writes_that_went_through_count(self):
        def event(second, code, subresource="scale"):
            return {"verb": "update", "requestReceivedTimestamp": f"2026-01-01T00:00:{second:02}Z",
                    "responseStatus": {"code": code}, "requestObject": {"spec": {"replicas": second}},
                    "objectRef": {"namespace": "n", "name": "a", "subresource": subresource}}
        found = levels.writes([event(5, 200), event(3, 409), event(2, 200), event(4, 200, "status")], ("n", "a"))
        self.assertEqual([2, 5], [replicas for _, replicas, _ in found])


if __name__ == "__main__":
    unittest.main()
