# The steps of scripts/test. Each writes "PASSED FAILED SKIPPED" to the file $1 and fails when a test
# does; its output is its log.
#
# Sourced. Needs: env.sh, build.sh, messages.sh; runs in LODESTONE_ROOT.

# merge_counts COUNTS PART...: the parts' sums; the parts are removed.
merge_counts() {
  local counts=$1
  shift
  cat "$@" 2>/dev/null | awk '{p+=$1; f+=$2; s+=$3} END{print p+0, f+0, s+0}' >"$counts"
  rm -f "$@"
}

# --- checks ---------------------------------------------------------------------------------------

check_generated_protocol() { scripts/gen_protocol --check; }
check_types_of_scripts() { node_modules/.bin/tsc -p .; }
check_types_of_page() { node_modules/.bin/tsc -p web && node_modules/.bin/tsc -p coi-serviceworker; }
check_layers() { scripts/lib/check_layers.sh; }
check_shell_scripts_parse() {
  local script
  find scripts .ci -type f | while read -r script; do
    case $(head -n 1 "$script") in
      '#!'*bash*) bash -n "$script" || return 1 ;;
      '#!/bin/sh'*) sh -n "$script" || return 1 ;;
    esac
  done
}
# The lock files name packages and hashes; where they come from is each machine's own matter.
check_lock_files_name_no_host() {
  ! grep -nE '"resolved"|"(https?|git|ssh)[:+]//' package-lock.json scripts/lib/bench/peers/package-lock.json
}

step_checks() {
  local check ok=0 bad=0
  for check in check_layers check_generated_protocol check_types_of_scripts check_types_of_page \
    check_shell_scripts_parse check_lock_files_name_no_host; do
    printf -- '-- %s\n' "$check"
    if "$check"; then ok=$((ok + 1)); else bad=$((bad + 1)) && printf 'FAILED %s\n' "$check"; fi
  done
  printf '%d %d 0\n' "$ok" "$bad" >"$1"
  [ "$bad" = 0 ]
}

# --- JavaScript and Python without a browser ----------------------------------------------------------

# Trains the model in small. Prints its log to stdout and its counts to the file $1; where setup of the training
# was never run, test_quick says so and it counts as skipped.
test_recipe_in_small() {
  local log=build/test-logs/train_quick.log status=0
  scripts/train_model/test_quick >"$log" 2>&1 || status=$?
  cat "$log"
  if [ "$status" != 0 ]; then
    echo 'FAILED scripts/train_model/test_quick'
    echo '0 1 0' >"$1"
  elif grep -q '^skipped: ' "$log"; then
    echo '0 0 1' >"$1"
  else
    echo '1 0 0' >"$1"
  fi
  return $status
}

step_scripts() {
  local files status=0 summary=build/test-logs/scripts.tap
  local modules="$1.modules" recipe="$1.recipe"
  rm -f "$modules" "$recipe"
  mapfile -t files < <(find tests scripts web -name '*.test.mjs' | sort)
  if [ ${#files[@]} -gt 0 ]; then
    node --test --test-reporter=spec --test-reporter-destination=stdout \
      --test-reporter=tap --test-reporter-destination="$summary" "${files[@]}" || status=1
    awk '/^# pass /{p=$3} /^# (fail|cancelled) /{f+=$3} /^# (skipped|todo) /{s+=$3} END{print p+0, f+0, s+0}' "$summary" >"$modules"
  fi
  test_recipe_in_small "$recipe" || status=1
  merge_counts "$1" "$modules" "$recipe"
  return $status
}

# --- GoogleTest --------------------------------------------------------------------------------------

# The sanitizers of older compilers cannot place their shadow memory where addresses are randomised far.
fixed_addresses() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}

# One process for each core, and no more than there is memory for under a sanitizer.
UNIT_SHARDS=$(nproc)
[ "$UNIT_SHARDS" -le 4 ] || UNIT_SHARDS=4

# run_unit_tests PRESET COUNTS
run_unit_tests() {
  local results="$LODESTONE_ROOT/build/test-logs/$1" status=0 shard processes=() counts='' of_shard
  build_preset "$1" lodestone_tests || return 1
  rm -f "$results".*.json
  for ((shard = 0; shard < UNIT_SHARDS; shard++)); do
    # A hang guard, not a budget.
    GTEST_TOTAL_SHARDS=$UNIT_SHARDS GTEST_SHARD_INDEX=$shard fixed_addresses timeout 900 "build/$1/tests/lodestone_tests" \
      --gtest_brief=1 --gtest_output="json:$results.$shard.json" &
    processes+=($!)
  done
  for shard in "${processes[@]}"; do wait "$shard" || status=$?; done
  # A program that crashed or was stopped by a sanitizer leaves no results.
  for ((shard = 0; shard < UNIT_SHARDS; shard++)); do
    of_shard=$(node scripts/lib/count_tests.mjs gtest "$results.$shard.json") || status=1
    counts+=$of_shard$'\n'
  done
  awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' <<<"$counts" >"$2"
  return $status
}

step_unit() { run_unit_tests native-debug "$1"; }
step_asan() {
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
    UBSAN_OPTIONS=print_stacktrace=1 run_unit_tests native-asan "$1"
}
step_tsan() { TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 run_unit_tests native-tsan "$1"; }

# --- the site -----------------------------------------------------------------------------------------

# The loops that are written for each kind of processor, as the site has them. Writes the counts to the file $1.
run_wasm_unit_tests() {
  local status=0 results="$LODESTONE_ROOT/build/test-logs/wasm_unit.json"
  build_preset web-release lodestone_wasm_tests || return 1
  rm -f "$results"
  node build/web-release/tests/lodestone_wasm_tests.cjs --gtest_brief=1 --gtest_output="json:$results" || status=$?
  node scripts/lib/count_tests.mjs gtest "$results" >"$1" || status=1
  return $status
}

step_web() {
  local status=0 unit="$1.unit" checks="$1.checks"
  build_site || return 1
  run_wasm_unit_tests "$unit" || status=1
  node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination=build/test-logs/web.tap scripts/lib/site_checks.mjs || status=1
  awk '/^# pass /{p=$3} /^# fail /{f=$3} /^# skipped /{s=$3} END{print p+0, f+0, s+0}' build/test-logs/web.tap >"$checks"
  merge_counts "$1" "$unit" "$checks"
  return $status
}

step_e2e() {
  local status=0 results="$LODESTONE_ROOT/build/test-logs/e2e.json"
  build_site || return 1
  rm -f "$results"
  PLAYWRIGHT_JSON_OUTPUT_NAME="$results" node_modules/.bin/playwright test --config e2e/playwright.config.mjs \
    --reporter=list,json || status=$?
  node scripts/lib/count_tests.mjs playwright "$results" >"$1" || status=1
  return $status
}
