# Foretop: one Makefile, no recursion. `make help` lists what it can do.
BUILD    ?= build
CC       ?= cc
PREFIX   ?= /usr/local
SANITIZE ?=
V        ?=
WERROR   ?= $(if $(CI),-Werror)
VERSION  := $(shell cat VERSION)

# `make V=1` shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),@:,@printf '%-4s %s\n')

# The order is the architecture: a folder includes only folders before it (make layers).
LAYERS := base series forecast policy decide engine io http prom kube serve sim loop
PURE   := base series forecast policy decide engine

PKGS := libcurl libcjson libwebsockets openssl yaml-0.1
# Goals that compile nothing must work before the libraries are there.
NO_BUILD := help deps format format-check layers length clean
ifneq ($(filter-out $(NO_BUILD),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/deps.mk
endif

CPPFLAGS += -Ilib -D_GNU_SOURCE -DFORETOP_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
# -ffp-contract=off: decisions must be the HPA's to the last bit on every machine.
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=c17 $(CFLAGS) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wimplicit-fallthrough -ffp-contract=off -fno-common $(WERROR) \
	-fstack-protector-strong -fPIE $(HARDEN) $(SMALL) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
# The C library's fortified functions want optimisation and get in the sanitizers' way.
HARDEN   = $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
# What nothing calls is left out, and so are tables for unwinding that debuggers find in .debug_frame: a seventh of the
# stripped binary.
SMALL    = -ffunction-sections -fdata-sections $(if $(SANITIZE),,-fno-asynchronous-unwind-tables)
ALL_LDFLAGS = $(LDFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed,--gc-sections $(if $(SANITIZE),-fsanitize=$(SANITIZE))

LIB_SRC  := $(foreach l,$(LAYERS),$(sort $(wildcard lib/$(l)/*.c)))
CMD_SRC  := $(sort $(wildcard cmd/foretop/*.c))
TEST_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
INTEGRATION_SRC := $(sort $(wildcard tests/integration/test_*.c))
BED_SRC := $(filter-out $(INTEGRATION_SRC),$(sort $(wildcard tests/integration/*.c)))
# Programs in virtual time: the first objects take the place of members of the archives.
VIRTUAL_SRC := $(sort $(wildcard tests/faults/v*.c))
FAULTS_MAIN := stories sweep shards batch outage calendar
FAULTS_SRC := $(filter-out $(VIRTUAL_SRC) $(patsubst %,tests/faults/%.c,$(FAULTS_MAIN) torture),$(sort $(wildcard tests/faults/*.c)))
CLI_SRC := $(sort $(wildcard tests/cli/*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/bench_*.c))
VECTORS_SRC := $(sort $(wildcard tests/vectors/*.c))
STORIES_SRC := $(sort $(wildcard tests/stories/*.c))
obj       = $(patsubst %.c,$(BUILD)/%.o,$(1))
# The runner has the name of its folder: build/tests/vectors DIR.
VECTORS_OBJ := $(patsubst tests/vectors/%.c,$(BUILD)/tests/vectors.o/%.o,$(VECTORS_SRC))
archive   = $(BUILD)/lib/$(1).a
# Archives from the last layer to the first: the linker resolves from left to right.
reversed  = $(if $(1),$(call reversed,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
ARCHIVES := $(foreach l,$(call reversed,$(LAYERS)),$(call archive,$(l)))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(TEST_SRC))
INTEGRATION_BIN := $(patsubst tests/integration/%.c,$(BUILD)/tests/integration/%,$(INTEGRATION_SRC))
CLI_BIN := $(BUILD)/tests/cli/test_cli
VECTORS_BIN := $(BUILD)/tests/vectors
FAULTS_BIN := $(FAULTS_MAIN:%=$(BUILD)/tests/faults/%)
TORTURE_BIN := $(BUILD)/tests/faults/torture
STORIES_BIN := $(BUILD)/tests/stories/stories
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SRC))
FUZZ_SHARED := $(BUILD)/tests/fuzz/check.o $(BUILD)/tests/fuzz/wire.o
# What calls a target: libFuzzer, or our own loop over the files of its corpus.
FUZZER   ?=
FUZZ_DRIVER = $(if $(FUZZER),,$(BUILD)/tests/fuzz/replay.o)
BENCH_BIN := $(patsubst tests/bench/bench_%.c,$(BUILD)/bench/%,$(BENCH_SRC))

.PHONY: all docs-test dashboards help deps test test-binaries cli faults torture sanitize fuzz fuzz-targets lint-deps shell vectors vectors-random mutate stories unit integration lint format format-check layers pure headers length bench e2e e2e-full soak demo \
	install clean compile_commands.json
.PHONY: chart generate generated image image-test release release-test e2e-node e2e-backends
.DEFAULT_GOAL := all

## all: build the foretop binary and its manual page
all: $(BUILD)/foretop $(BUILD)/foretop.1

## help: list the targets
help:
	@sed -n 's/^## //p' Makefile

## deps: install the missing packages, or print the command that does
deps:
	@hack/deps build

# Compiler flags of the libraries, asked once. On a machine that lacks them hack/deps installs them or says how.
$(BUILD)/deps.mk: Makefile hack/deps
	@hack/deps build
	@mkdir -p $(BUILD)
	@{ echo "PKG_CFLAGS := $$(pkg-config --cflags $(PKGS))"; \
	   echo "PKG_LIBS := $$(pkg-config --libs $(PKGS))"; \
	   echo "CHECK_CFLAGS := $$(pkg-config --cflags check)"; \
	   echo "CHECK_LIBS := $$(pkg-config --libs check)"; } > $@

define compile
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(EXTRA_$(firstword $(subst /, ,$<))) -MMD -MP -c -o $@ $<
endef
$(BUILD)/%.o: %.c VERSION
	$(compile)
# The assembler embeds these files; the compiler's dependencies do not name them.
$(BUILD)/lib/serve/asset.o: $(wildcard lib/serve/assets/*)
$(VECTORS_OBJ): $(BUILD)/tests/vectors.o/%.o: tests/vectors/%.c VERSION
	$(compile)

define layer_rule
$$(call archive,$(1)): $$(call obj,$$(filter lib/$(1)/%,$$(LIB_SRC)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(BUILD)/foretop: $(call obj,$(CMD_SRC)) $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# Made from what the commands say of themselves.
$(BUILD)/foretop.1: $(BUILD)/foretop
	@$< __man > $@.new && mv $@.new $@

# A unit test links its own layer and those before it only, so it stays a test of that layer.
upto = $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call upto,$(1),$(wordlist 2,$(words $(2)),$(2))))
EXTRA_tests = $(CHECK_CFLAGS) -Itests
# Commands read arguments and print: more code would make nothing faster that matters.
EXTRA_cmd = -Icmd/foretop $(if $(SANITIZE),,-Os)
define unit_rule
$$(BUILD)/tests/unit/$(1)/%: $$(BUILD)/tests/unit/$(1)/%.o $(foreach l,$(call reversed,$(call upto,$(1),$(LAYERS))),$(call archive,$(l)))
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(CHECK_LIBS) $$(PKG_LIBS) -lm
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))
.SECONDARY:

$(BUILD)/tests/integration/%: $(BUILD)/tests/integration/%.o $(call obj,$(BED_SRC)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS) -lm

$(FAULTS_BIN) $(TORTURE_BIN): $(BUILD)/tests/faults/%: $(BUILD)/tests/faults/%.o $(call obj,$(FAULTS_SRC) $(VIRTUAL_SRC)) $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS) -lm

$(BUILD)/tests/backends/compare: $(BUILD)/tests/backends/compare.o $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(CLI_BIN): $(call obj,$(CLI_SRC) $(BED_SRC)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS) -lm

$(VECTORS_BIN): $(VECTORS_OBJ) $(foreach l,$(call reversed,$(call upto,decide,$(LAYERS))),$(call archive,$(l)))
	$(say) LD $@
	@[ ! -d $@ ] || rm -r $@ # older builds kept the objects in a folder of this name
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(STORIES_BIN): $(call obj,$(STORIES_SRC)) $(foreach l,$(call reversed,$(call upto,engine,$(LAYERS))),$(call archive,$(l)))
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_SHARED) $(FUZZ_DRIVER) $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS) -lm

# One that has several parts.
$(BUILD)/bench/fleet: $(call obj,tests/bench/bench_fleet.c $(sort $(wildcard tests/bench/fleet_*.c))) $(ARCHIVES) $(BUILD)/foretop
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter-out $(BUILD)/foretop,$^) $(PKG_LIBS) -lm

$(BUILD)/bench/%: $(BUILD)/tests/bench/bench_%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# A sweep is timed with the threads that the command gives it.
$(BUILD)/bench/sweep: $(BUILD)/cmd/foretop/crew.o
$(BUILD)/tests/bench/bench_sweep.o: EXTRA_tests += -Icmd/foretop

## test: unit tests, golden stories, fuzz corpora, a share of the faults, the process against the served simulation
# The sanitizers have an allocator of their own.
SHARES = $(FAULTS_BIN) $(if $(SANITIZE),,$(TORTURE_BIN))
test: test-binaries
	@BUILD=$(BUILD) hack/run-tests $(UNIT_BIN) $(VECTORS_BIN) $(STORIES_BIN) $(FUZZ_BIN) $(SHARES) $(INTEGRATION_BIN) $(CLI_BIN)

## test-binaries: build what `make test` runs, run nothing
test-binaries: $(BUILD)/foretop $(UNIT_BIN) $(VECTORS_BIN) $(STORIES_BIN) $(FUZZ_BIN) $(SHARES) $(INTEGRATION_BIN) $(CLI_BIN)

## faults: a kill at every request, FAULT_STORIES random stories; of the real process FAULT_KILLS and FAULT_SCRIPTS
FAULT_STORIES ?= 10000
FAULT_SEED    ?= 1
FAULT_KILLS   ?= 60
FAULT_SCRIPTS ?= 300
faults: $(FAULTS_BIN) $(BUILD)/foretop $(BUILD)/tests/integration/test_kill $(BUILD)/tests/integration/test_faults
	@$(BUILD)/tests/faults/sweep 1
	@$(BUILD)/tests/faults/stories $(FAULT_STORIES) $(FAULT_SEED)

	@FAULT_KILLS=$(FAULT_KILLS) $(BUILD)/tests/integration/test_kill
	@FAULT_SCRIPTS=$(FAULT_SCRIPTS) $(BUILD)/tests/integration/test_faults

## torture: every allocation fails once, and each of the first FAULT_CALLS (400) calls of the socket layer
FAULT_CALLS ?= 400
torture: $(TORTURE_BIN) $(BUILD)/foretop $(BUILD)/tests/integration/test_syscalls
	@$(TORTURE_BIN) 1
	@FAULT_CALLS=$(FAULT_CALLS) $(BUILD)/tests/integration/test_syscalls

$(BUILD)/tests/preload/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(CFLAGS) -Wall -Wextra $(WERROR) -fPIC -shared -o $@ $< -ldl
$(BUILD)/tests/integration/test_syscalls: | $(BUILD)/tests/preload/syscalls.so

## vectors: the HPA's own test tables (VECTORS=dir for others in the same schema)
VECTORS ?= tests/vectors
vectors: $(VECTORS_BIN)
	@$(VECTORS_BIN) $(VECTORS)

## vectors-random: HPA_CASES (2000, at most 5000) random cases of each kind from HPA_SEED (1) on, answered by the HPA's own code (needs Go)
HPA_CASES ?= 2000
HPA_SEED ?= 1
vectors-random: $(VECTORS_BIN)
	@hack/deps e2e
	@tests/peers/hpa/run $(VECTORS_BIN) $(HPA_CASES) $(HPA_SEED)

## mutate: every mutant of lib/decide must fail a test (MUTATE='--file NAME', --help for more)
mutate: $(BUILD)/deps.mk
	@BUILD=$(BUILD) CC='$(CC)' CPPFLAGS='$(CPPFLAGS) $(CHECK_CFLAGS)' LIBS='$(CHECK_LIBS) $(PKG_LIBS)' nice hack/mutate $(MUTATE)

## stories: golden stories through the engine (UPDATE_STORIES=1 rewrites what they expect)
stories: $(STORIES_BIN)
	@$(STORIES_BIN)

## sanitize: the same tests under the address and undefined behaviour sanitizers
sanitize:
	@UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(MAKE) --no-print-directory test \
		SANITIZE=address,undefined CFLAGS='-O1 -g' BUILD=$(BUILD)-sanitize

## fuzz: random input for every decoder (FUZZ_SECONDS each, FUZZ='policy csv' for some)
FUZZ_SECONDS ?= 60
FUZZ         ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC))
fuzz:
	@hack/deps fuzz
	@$(MAKE) --no-print-directory fuzz-targets FUZZER=1 CC=clang BUILD=$(BUILD)-fuzz FUZZ='$(FUZZ)' \
		SANITIZE=address,undefined,float-cast-overflow,fuzzer-no-link CFLAGS='-O1 -g -fno-sanitize-recover=all'
	@BUILD=$(BUILD)-fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) hack/fuzz $(FUZZ)
fuzz-targets: $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%,$(FUZZ))

## unit-LAYER: the unit tests of one folder of lib/
unit-%: FORCE
	@$(MAKE) --no-print-directory $(filter $(BUILD)/tests/unit/$*/%,$(UNIT_BIN))
	@BUILD=$(BUILD) hack/run-tests $(filter $(BUILD)/tests/unit/$*/%,$(UNIT_BIN))
FORCE:

## cli: what commands say, against golden transcripts (UPDATE_CLI=1 rewrites them)
cli: $(BUILD)/foretop $(CLI_BIN)
	@BUILD=$(BUILD) hack/run-tests $(CLI_BIN)

## integration: the real process against the served simulation alone
integration: $(BUILD)/foretop $(INTEGRATION_BIN)
	@BUILD=$(BUILD) hack/run-tests $(INTEGRATION_BIN)

## lint: format, layers, purity, headers, length, shell scripts
lint: lint-deps format-check layers pure headers length shell generated
lint-deps:
	@hack/deps lint
shell:
	@shellcheck hack/deps hack/fresh hack/run-tests hack/layers hack/pure hack/length hack/compile-commands hack/fuzz \
		.ci/run tests/e2e/build-servers tests/dashboards/run tests/dashboards/grafana/build && echo "shell: shellcheck has no complaint"

generated:
	@hack/generate --check
	@shellcheck hack/image hack/image-root hack/release tests/image tests/release

SOURCES = $(sort $(wildcard lib/*/*.[ch] cmd/*/*.[ch] tests/*.h tests/*/*.[ch] tests/*/*/*.[ch]))
## format: lay the sources out with clang-format
format:
	clang-format -i $(SOURCES)
format-check:
	@clang-format --dry-run --Werror $(SOURCES) && echo "format: $(words $(SOURCES)) files"

## layers: no include cycles, folders in their order, only front headers across folders
layers:
	@hack/layers $(LAYERS)

## pure: no clock, socket, file, environment or randomness in the core
pure: $(foreach l,$(PURE),$(call archive,$(l)))
	@hack/pure $^

## headers: each header compiles alone
headers:
	@for h in $(wildcard lib/*/*.h); do \
		$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-unused -fsyntax-only -x c $$h || exit 1; \
	done && echo "headers: $(words $(wildcard lib/*/*.h)) compile alone"

## length: no file over 600 lines, no function over 80
length:
	@hack/length $(wildcard lib/*/*.[ch] cmd/*/*.[ch])

## bench: build and run the benchmarks
bench: $(BENCH_BIN)
	@for b in $(BENCH_BIN); do echo "== $$b"; $$b || exit 1; done

## demo: a day of a simulated shop in about a minute, on loopback servers
demo: $(BUILD)/foretop
	@$(BUILD)/foretop demo

## e2e: the real process against real etcd, Kubernetes and Prometheus (builds them once)
e2e: $(BUILD)/foretop
	@hack/deps e2e
	@FORETOP=$(abspath $(BUILD))/foretop tests/e2e/run ramps convert

## e2e-full: the long stories too: twins of the real HPA controller, floors beside it, credentials, faults, hand-overs, shards
e2e-full: $(BUILD)/foretop
	@hack/deps e2e
	@FORETOP=$(abspath $(BUILD))/foretop tests/e2e/run ramps parity floor convert access faults handover shards

## e2e-backends: BACKENDS (victoriametrics; thanos, thanos-engine, cortex) beside a real Prometheus with the same samples (builds them once)
BACKENDS ?= victoriametrics
e2e-backends: $(BUILD)/foretop $(BUILD)/tests/backends/compare
	@hack/deps e2e
	@BUILD=$(BUILD) tests/e2e/backends $(BACKENDS)

## soak: SOAK_HANDOVERS (200) hand-overs of the lead at moments of change, and of shards as many, on real servers
SOAK_HANDOVERS ?= 200
soak: $(BUILD)/foretop
	@hack/deps e2e
	@E2E_HANDOVERS=$(SOAK_HANDOVERS) FORETOP=$(abspath $(BUILD))/foretop tests/e2e/run handover sharded

## dashboards: the chart's dashboards and alerts against a real Prometheus (PICTURES=dir draws what they show)
dashboards: $(BUILD)/foretop
	@hack/deps dashboards
	@tests/dashboards/run $(abspath $(BUILD))/foretop $(if $(PICTURES),$(abspath $(PICTURES)))

## docs-test: every command in the documents that can run on loopback, their links and tables
docs-test: $(BUILD)/foretop $(CLI_BIN)
	@hack/deps docs
	@python3 tests/docs/run.py $(abspath $(BUILD))/foretop $(CLI_BIN)

## chart: charts/ and manifests/ with the real helm, kubeconform and API server (builds them once)
chart: $(BUILD)/foretop
	@hack/deps chart
	@FORETOP=$(abspath $(BUILD))/foretop tests/chart/run

## generate: write the files that are made of others (the chart's README, the monitoring manifests)
generate: lint-deps
	@hack/generate

## image: the image from scratch, its bill of materials, as an OCI archive in $(BUILD)/image
IMAGE := $(BUILD)/image/foretop.tar
image: $(BUILD)/foretop
	@hack/deps image
	@hack/image $(BUILD)/foretop $(abspath $(IMAGE))

## image-test: two builds give the same image, which holds nothing but what it needs
image-test:
	@hack/deps image
	@CC='$(CC)' tests/image

## release: everything of a version, in build/release/VERSION (VERSION=x.y.z, BASE_URL=where it will be served)
release: $(BUILD)/foretop
	@hack/deps image
	@hack/deps chart
	@BUILD=$(BUILD) BASE_URL=$(BASE_URL) hack/release '$(VERSION)'

## release-test: what make release makes is whole
release-test:
	@hack/deps image
	@hack/deps chart
	@CC='$(CC)' tests/release

## e2e-node: our chart with our image on a real kubelet (root; exits 77 and says what is missing)
e2e-node: image
	@hack/deps node
	@IMAGE=$(abspath $(IMAGE)) tests/e2e/node

## install: put the binary, the kubectl plugin and the manual page under PREFIX
install: $(BUILD)/foretop $(BUILD)/foretop.1
	install -D -m 0755 -s $(BUILD)/foretop $(DESTDIR)$(PREFIX)/bin/foretop
	ln -sf foretop $(DESTDIR)$(PREFIX)/bin/kubectl-foretop
	ln -sf foretop $(DESTDIR)$(PREFIX)/bin/kubectl_complete-foretop
	install -D -m 0644 $(BUILD)/foretop.1 $(DESTDIR)$(PREFIX)/share/man/man1/foretop.1

## compile_commands.json: for editors and clang tools
compile_commands.json:
	@hack/compile-commands '$(CC) $(CPPFLAGS) $(ALL_CFLAGS)' $(LIB_SRC) $(CMD_SRC) > $@

## clean: remove what was built
clean:
	rm -rf $(BUILD) compile_commands.json

-include $(patsubst %.o,%.d,$(call obj,$(LIB_SRC) $(CMD_SRC) $(TEST_SRC) $(INTEGRATION_SRC) $(BED_SRC) $(STORIES_SRC) $(CLI_SRC) $(BENCH_SRC) $(wildcard tests/fuzz/*.c tests/faults/*.c tests/backends/*.c)) $(VECTORS_OBJ))
