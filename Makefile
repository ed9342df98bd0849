# Builds the C modules for one Lua (LUA=5.4 unless told), topicsd, and the C tests; runs the suites.
# Sources are found by wildcard: a new file in src/ or spec/ needs no change here.
# Everything made lands in build/; modules for each Lua in build/<lua>/.

LUA ?= 5.4
ifeq ($(filter 5.1 5.2 5.3 5.4 luajit,$(LUA)),)
$(error LUA is 5.1, 5.2, 5.3, 5.4 or luajit, not "$(LUA)")
endif
BUILD ?= build
CC ?= cc
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
RUNS ?= 100000
EXTRA_CFLAGS ?=
EXTRA_LDFLAGS ?=

# Not from the environment: a spec under one Lua may build for another.
ifeq ($(LUA),luajit)
LUA_BIN := luajit
LUA_ABI := 5.1
else
LUA_BIN := lua$(LUA)
LUA_ABI := $(LUA)
endif
LUA_PACKAGE := $(LUA_BIN)

# Third-party headers are system headers: their warnings are not ours to mend.
cflags_of = $(subst -I,-isystem ,$(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null))
LUA_CFLAGS ?= $(call cflags_of,$(LUA_PACKAGE))
CURL_CFLAGS ?= $(call cflags_of,libcurl)
CURL_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs libcurl 2>/dev/null),-lcurl)
SERVER_CFLAGS ?= $(call cflags_of,libevent_core libjwt)
SERVER_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs libevent_core libjwt 2>/dev/null),-levent_core -ljwt)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c99 -D_POSIX_C_SOURCE=200809L -fPIC -fvisibility=hidden $(WARNINGS) $(CFLAGS) \
  -Isrc $(EXTRA_CFLAGS)
ifeq ($(shell uname -s),Darwin)
ALL_CFLAGS += -D_DARWIN_C_SOURCE
SHARED := -bundle -undefined dynamic_lookup
else
SHARED := -shared
endif

MODULES := $(BUILD)/$(LUA)/momento
OBJ := $(BUILD)/obj
object = $(patsubst %.c,$(OBJ)/%.o,$(1))
lua_object = $(patsubst src/lua/%.c,$(BUILD)/$(LUA)/obj/%.o,$(1))

WIRE := $(call object,$(wildcard src/wire/*.c))
CURL := $(call object,$(wildcard src/curl/*.c))
SERVER := $(call object,$(wildcard src/server/*.c))
CORE_LUA := $(call lua_object,$(wildcard src/lua/core.c src/lua/core_*.c))
CURL_LUA := $(call lua_object,$(wildcard src/lua/curl.c src/lua/curl_*.c))
BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
FLOOR := $(BUILD)/$(LUA)/floor.so
C_TESTS := $(patsubst spec/c/%.c,$(BUILD)/c/%,$(wildcard spec/c/*_test.c))
FUZZERS := $(patsubst spec/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard spec/fuzz/*_fuzz.c))

PRODUCTS := $(if $(CORE_LUA),$(MODULES)/core.so) $(if $(CURL_LUA),$(MODULES)/curl.so) \
  $(if $(wildcard src/server/main.c),$(BUILD)/topicsd)

SPECS ?= $(wildcard spec/unit spec/integration spec/fault spec/loop spec/nginx spec/packaging)
TREE := $(CURDIR)
BUILD_DIR := $(abspath $(BUILD))
TREE_PATH = $(TREE)/lua/?.lua;$(TREE)/lua/?/init.lua
TREE_CPATH = $(BUILD_DIR)/$(LUA)/?.so

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all modules deps build-deps env help clean install rockspec readme docs demo demo-nginx FORCE
.PHONY: test test-all test-lua test-c c-tests lint asan valgrind gc-stress fuzz fuzz-run soak
.PHONY: conformance bench bench-c bench-deps bench-smoke bench-run bench-plot

all: $(PRODUCTS)

modules: $(filter %.so,$(PRODUCTS))

# A change of compiler or flags rebuilds what it concerns.
$(OBJ)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(EXTRA_LDFLAGS)' | cmp -s - $@ || \
	  echo '$(CC) $(ALL_CFLAGS) $(EXTRA_LDFLAGS)' >$@

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CURL_CFLAGS) $(SERVER_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/$(LUA)/obj/%.o: src/lua/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) $(CURL_CFLAGS) -MMD -MP -c $< -o $@

$(MODULES)/core.so: $(CORE_LUA) $(WIRE)
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) $^ -o $@

$(MODULES)/curl.so: $(CURL_LUA) $(CURL)
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) $^ $(CURL_LIBS) -o $@

$(BUILD)/topicsd: $(SERVER) $(WIRE)
	@mkdir -p $(@D)
	$(CC) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) $^ $(SERVER_LIBS) -o $@

$(BUILD)/c/%_test: $(OBJ)/spec/c/%_test.o $(WIRE) $(CURL) $(filter-out %/main.o,$(SERVER))
	@mkdir -p $(@D)
	$(CC) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) $^ $(CURL_LIBS) $(SERVER_LIBS) -o $@

$(BUILD)/bench/%: $(OBJ)/bench/%.o
	@mkdir -p $(@D)
	$(CC) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) $^ $(CURL_LIBS) -o $@

$(FLOOR): bench/lua/floor.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(ALL_CFLAGS) $(LUA_CFLAGS) $(EXTRA_LDFLAGS) $< -o $@

$(BUILD)/fuzz/%_fuzz: $(OBJ)/spec/fuzz/%_fuzz.o $(WIRE) $(CURL) $(filter-out %/main.o,$(SERVER))
	@mkdir -p $(@D)
	$(CC) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS) -fsanitize=fuzzer $^ $(CURL_LIBS) $(SERVER_LIBS) -o $@

-include $(wildcard $(OBJ)/src/*/*.d $(OBJ)/spec/*/*.d $(BUILD)/$(LUA)/obj/*.d)
.SECONDARY:

help:
	@echo 'make build-deps  install what building needs (Debian: apt, through sudo when not root)'
	@echo 'make deps        the same, and what the tests need'
	@echo 'make             build the C modules for LUA (5.1 5.2 5.3 5.4 luajit; now $(LUA)) and topicsd'
	@echo 'make modules     the C modules alone, which need neither libevent nor libjwt'
	@echo 'make demo        topicsd, a subscriber and a publisher, for a few seconds'
	@echo 'make demo-nginx  a chat site on nginx, with a topicsd behind it (PORT=8090), until Ctrl-C'
	@echo 'make test        all suites: whole on 5.4 and LuaJIT, unit on the others, and the C tests'
	@echo 'make test-all    the same, whole on every Lua'
	@echo 'make test-lua    the specs under one Lua: LUA=luajit SPECS="spec/unit"'
	@echo 'make test-c      the C tests'
	@echo 'make bench-c     the plain C programs that bench/ measures against, into $(BUILD)/bench'
	@echo 'make lint        warnings as errors (gcc, clang), luacheck, cppcheck, clang-format, layers'
	@echo 'make asan        C tests, a script that uses everything and specs under the sanitizers'
	@echo 'make valgrind    the script that uses everything, and its topicsd, under valgrind'
	@echo 'make gc-stress   the specs with the collector always at work: LUA=, SPECS='
	@echo 'make fuzz        every fuzz target for RUNS=$(RUNS) runs'
	@echo 'make conformance  the rules of doc/protocol.md against any server: URL=, KEY='
	@echo 'make soak        the long soak: 100 000 messages, 4 publishers, 4 subscribers'
	@echo 'make env         the exports with which $(LUA_BIN) uses the tree: eval "$$(make -s env)"'
	@echo 'make install     into PREFIX=$(PREFIX) (DESTDIR is honoured)'
	@echo 'make docs        HTML of the API, with ldoc, into build/doc'
	@echo 'make rockspec    write the rockspecs anew, after a source file has come or gone'
	@echo 'make readme      put the flags of topicsd --help into the README'
	@echo 'make clean       remove build/'

deps:
	@tools/deps.sh

build-deps:
	@tools/deps.sh build

env:
	@echo "export LUA_PATH='$(TREE_PATH);;'"
	@echo "export LUA_CPATH='$(TREE_CPATH);;'"

bench-deps: deps
	@tools/deps.sh bench

# ROWS="decode publish" measures some of them; ROUNDS=3 fewer times.
bench: bench-deps
	@$(MAKE) -s bench-run BENCH_OPTIONS='--rounds $(or $(ROUNDS),5) $(ROWS)'

bench-smoke:
	@$(MAKE) -s bench-run BENCH_OPTIONS='--smoke $(ROWS)'

bench-run:
	@$(MAKE) -s LUA=luajit all bench-c
	@$(MAKE) -s LUA=5.4 all bench-c
	@LUA_BIN=lua5.4 LUA_PATH='$(TREE)/?.lua;$(TREE_PATH);;' LUA_CPATH='$(BUILD_DIR)/5.4/?.so;;' \
	  lua5.4 bench/run.lua $(BENCH_OPTIONS)

bench-plot:
	@lua5.4 bench/plot.lua bench/results.json doc/bench.svg

demo: build-deps
	@$(MAKE) -s all
	@LUA_BIN='$(LUA_BIN)' LUA_PATH='$(TREE_PATH);;' LUA_CPATH='$(TREE_CPATH);;' \
	  TOPICSD='$(BUILD_DIR)/topicsd' tools/with_topicsd.sh tools/demo.sh

# nginx's Lua is LuaJIT.
demo-nginx: deps
	@$(MAKE) -s LUA=luajit all
	@LUA_PATH='$(TREE_PATH);;' LUA_CPATH='$(BUILD_DIR)/luajit/?.so;;' \
	  TOPICSD='$(BUILD_DIR)/topicsd' PORT='$(PORT)' tools/with_topicsd.sh tools/demo_nginx.sh

c-tests: $(C_TESTS)

bench-c: $(BENCHES) $(FLOOR)

# The libraries come from packages, so the suites start in a make of their own, after these are there.
test: deps
	@MAKE='$(MAKE)' tools/test.sh c 5.4 luajit 5.1:unit 5.2:unit 5.3:unit

test-all: deps
	@MAKE='$(MAKE)' tools/test.sh c 5.4 luajit 5.1 5.2 5.3

test-c:
	@MAKE='$(MAKE)' tools/test.sh c

test-lua: all
	@LUA='$(LUA)' LUA_BIN='$(LUA_BIN)' BUILD='$(BUILD_DIR)' \
	  LUA_PATH='$(TREE)/?.lua;$(TREE_PATH);;' LUA_CPATH='$(TREE_CPATH);;' \
	  tools/busted.sh $(SPECS)

lint: deps
	@MAKE='$(MAKE)' tools/lint.sh

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1

asan: deps
	@MAKE='$(MAKE)' SANITIZE='$(SANITIZE)' tools/asan.sh

valgrind: deps
	@MAKE='$(MAKE)' tools/valgrind.sh

# Every Lua that starts reads LUA_INIT, so the programs that specs run are under it, too.
gc-stress: deps
	@LUA_INIT='@$(TREE)/spec/support/gc_stress.lua' SPEC_TIMEOUT=3600 $(MAKE) -s test-lua

fuzz: deps
	@$(MAKE) -s BUILD=$(BUILD)/fuzzing CC=clang \
	  EXTRA_CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' fuzz-run

fuzz-run: $(FUZZERS)
	@set -e; for fuzzer in $(FUZZERS); do \
	  name=$$(basename $$fuzzer); corpus=$(BUILD)/corpus/$$name; mkdir -p $$corpus; \
	  seeds=spec/fuzz/corpus/$$name; [ -d $$seeds ] || seeds=; \
	  $$fuzzer -runs=$(RUNS) -artifact_prefix=$(BUILD)/ $$corpus $$seeds >$(BUILD)/$$name.log 2>&1 || \
	    { tail -n 40 $(BUILD)/$$name.log; echo "$$name: failed"; exit 1; }; \
	  echo "$$name: $(RUNS) runs, nothing found"; done

soak: deps
	@$(MAKE) -s all
	@SOAK_MESSAGES=100000 $(MAKE) -s test-lua SPECS=spec/integration/soak_spec.lua

# URL, KEY and the like reach the program through the environment: a recipe's text is seen by all.
conformance: deps
	@$(MAKE) -s all
	@LUA_PATH='$(TREE)/?.lua;$(TREE_PATH);;' LUA_CPATH='$(TREE_CPATH);;' \
	  $(LUA_BIN) tools/conformance.lua

readme: $(BUILD)/topicsd
	@$(LUA_BIN) tools/readme.lua $(BUILD)/topicsd

docs:
	@mkdir -p $(BUILD)/doc
	@$(LUA_BIN) tools/docs.lua >$(BUILD)/doc/momento.lua
	@ldoc -c config.ld -d $(BUILD)/doc $(BUILD)/doc/momento.lua >$(BUILD)/doc/ldoc.log

rockspec:
	@$(LUA_BIN) tools/rockspec.lua

SHARE_DIR = $(DESTDIR)$(PREFIX)/share/lua/$(LUA_ABI)
LIB_DIR = $(DESTDIR)$(PREFIX)/lib/lua/$(LUA_ABI)
BIN_DIR = $(DESTDIR)$(PREFIX)/bin

install: all
	@set -e; (cd lua && find . -name '*.lua') | while read -r file; do \
	  install -D -m 644 "lua/$$file" "$(SHARE_DIR)/$$file"; done
	@install -d $(LIB_DIR)/momento $(BIN_DIR)
	@install -m 755 $(wildcard $(MODULES)/*.so) $(LIB_DIR)/momento/
	@install -m 755 $(BUILD)/topicsd $(BIN_DIR)/
	@sed '1s|.*|#!/usr/bin/env $(LUA_BIN)|' bin/momento >$(BIN_DIR)/momento
	@chmod 755 $(BIN_DIR)/momento

clean:
	rm -rf $(BUILD)
