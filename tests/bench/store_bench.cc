// What it takes to store passages with their vectors, with the full-text index and without it, into a file, and to
// read the library and its vectors at the next start.
//   lodestone_store_bench [PASSAGES] [FOLDER]
// The same code both times: for the second, a view takes the full-text table's place and drops what it is given.
// Not a test: built by name, read by a person.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "store/sqlite_store.h"
#include "tests/bench/made_texts.h"

namespace lodestone {
namespace {

using bench::NowMs;

constexpr uint32_t kWordsPerPassage = 150;
constexpr uint32_t kVocabulary = 50'000;
constexpr uint32_t kDimension = 512;
constexpr size_t kDocumentsAtOnce = 100;  // as they come from the page
constexpr size_t kVectorsAtOnce = 4096;
constexpr double kBudgetMs = 10;          // as the engine's
constexpr int kRepetitions = 5;           // they take turns, and the best counts, as machines are shared

constexpr const char* kWithoutFullText =
    "DROP TABLE passages_fts;"
    "CREATE VIEW passages_fts (rowid, text, context) AS SELECT 0, '', '' WHERE 0;"
    "CREATE TRIGGER dropped INSTEAD OF INSERT ON passages_fts BEGIN SELECT 0; END;";

struct Outcome {
  double documents_ms = 0;
  double vectors_ms = 0;
  uint64_t size_bytes = 0;
};

[[noreturn]] void Fail(const Status& status) {
  std::fprintf(stderr, "%s (%s)\n", status.message().c_str(), status.detail().c_str());
  std::exit(1);
}

Outcome StoreAll(const std::vector<NewDocument>& documents, const std::filesystem::path& file, bool with_full_text) {
  std::filesystem::remove(file);
  Result<std::unique_ptr<Database>> database = Database::Open(file.string());
  if (!database.ok()) Fail(database.status());
  SqliteStore store(std::move(database).value());
  if (const Status status = store.Init(); !status.ok()) Fail(status);
  if (!with_full_text) {
    if (const Status status = store.database().Run(kWithoutFullText); !status.ok()) Fail(status);
  }
  Outcome outcome;
  for (size_t done = 0; done < documents.size(); done += kDocumentsAtOnce) {
    const auto lot = std::span(documents).subspan(done, std::min(kDocumentsAtOnce, documents.size() - done));
    double start = NowMs();
    const auto stored = store.AddDocuments(lot, kBudgetMs, {});
    outcome.documents_ms += NowMs() - start;
    std::vector<PassageId> passages;
    for (const auto& ids : stored) {
      if (!ids.ok()) Fail(ids.status());
      passages.push_back(ids.value().first_passage);
    }
    const std::vector<uint16_t> vectors(passages.size() * kDimension, 0x3c00);
    start = NowMs();
    if (const auto added = store.AddVectors("bench", kDimension, passages, vectors); !added.ok()) Fail(added.status());
    outcome.vectors_ms += NowMs() - start;
  }
  outcome.size_bytes = store.SizeBytes().value();
  return outcome;
}

struct Start {
  double open_ms = 0;
  double vectors_ms = 0;
};

Start OpenAgain(const std::filesystem::path& file, uint32_t passage_count) {
  Start start;
  double began = NowMs();
  Result<std::unique_ptr<Store>> store = Store::Open(file.string());
  if (!store.ok()) Fail(store.status());
  if (store.value()->ListDocuments().value().size() != passage_count) std::abort();
  if (store.value()->ListPassages().value().size() != passage_count) std::abort();
  start.open_ms = NowMs() - began;
  began = NowMs();
  size_t count = 0;
  for (PassageId after{0};;) {
    const auto batch = store.value()->LoadVectors("bench", kDimension, after, kVectorsAtOnce);
    if (!batch.ok()) Fail(batch.status());
    if (batch.value().passages.empty()) break;
    count += batch.value().passages.size();
    after = batch.value().passages.back();
  }
  if (count != passage_count) std::abort();
  start.vectors_ms = NowMs() - began;
  return start;
}

int Main(uint32_t passage_count, const std::filesystem::path& folder) {
  const bench::Zipf zipf(kVocabulary);
  std::mt19937 random(1);
  std::vector<NewDocument> documents;
  for (uint32_t i = 0; i < passage_count; ++i) {
    documents.push_back(bench::MakeDocument("d" + std::to_string(i), 1, kWordsPerPassage, zipf, random));
    documents.back().content_hash = std::to_string(i);
  }
  const std::filesystem::path file = folder / "lodestone_store_bench.sqlite";
  const double count = passage_count;
  Outcome best[2];
  Start best_start;
  for (int i = 0; i < kRepetitions; ++i) {
    for (const bool with_full_text : {true, false}) {
      const Outcome outcome = StoreAll(documents, file, with_full_text);
      Outcome& kept = best[with_full_text];
      if (i == 0 || outcome.documents_ms < kept.documents_ms) kept.documents_ms = outcome.documents_ms;
      if (i == 0 || outcome.vectors_ms < kept.vectors_ms) kept.vectors_ms = outcome.vectors_ms;
      kept.size_bytes = outcome.size_bytes;
      if (!with_full_text) continue;
      const Start start = OpenAgain(file, passage_count);
      if (i == 0 || start.open_ms < best_start.open_ms) best_start.open_ms = start.open_ms;
      if (i == 0 || start.vectors_ms < best_start.vectors_ms) best_start.vectors_ms = start.vectors_ms;
    }
  }
  for (const bool with_full_text : {true, false}) {
    const Outcome& outcome = best[with_full_text];
    std::printf("%s the full-text index: %.0f passages/s (documents %.0f us, vectors %.0f us a passage), %.0f bytes a passage\n",
                with_full_text ? "with" : "without", count * 1000 / (outcome.documents_ms + outcome.vectors_ms),
                outcome.documents_ms * 1000 / count, outcome.vectors_ms * 1000 / count,
                static_cast<double>(outcome.size_bytes) / count);
  }
  std::printf("at the next start: library %.0f ms, vectors %.0f ms\n", best_start.open_ms, best_start.vectors_ms);
  std::filesystem::remove(file);
  return 0;
}

}  // namespace
}  // namespace lodestone

int main(int argument_count, char** arguments) {
  const int passages = argument_count > 1 ? std::atoi(arguments[1]) : 10'000;
  return lodestone::Main(static_cast<uint32_t>(passages),
                         argument_count > 2 ? std::filesystem::path(arguments[2]) : std::filesystem::temp_directory_path());
}
