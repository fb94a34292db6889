#include "store/full_text.h"

#include <sqlite3.h>

#include <algorithm>
#include <unordered_map>

#include "base/bm25.h"
#include "store/word_reader.h"

namespace lodestone {
namespace {

constexpr double kColumnWeights[] = {kTextWeight, kContextWeight};
constexpr float kUnknownLength = -1;

// The words of one query term as the index has them: several for "well-known".
using Stems = std::vector<std::string>;

// `text` as a string of FTS5's query language, where nothing but the quotation mark is special.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c == '\0' ? ' ' : c;
  }
  return quoted + '"';
}

// What one search gathers while FTS5 steps through its rows.
struct Run {
  std::vector<bool> allowed;  // by passage; empty when all are
  std::vector<double> idf;    // by phrase; empty until the first row
  std::vector<uint32_t> document_counts;
  double average_length = 0;
  std::vector<LexicalHit> hits;
};

}  // namespace

struct FullText::Impl {
  Impl(Database* database, const DocumentTable* documents) : database(database), documents(documents) {}

  Status Attach();
  static void ScoreRow(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int, sqlite3_value**);
  void LearnTerms(const std::vector<std::string>& terms);
  int Begin(const Fts5ExtensionApi* api, Fts5Context* fts);
  int Score(const Fts5ExtensionApi* api, Fts5Context* fts);
  int Length(const Fts5ExtensionApi* api, Fts5Context* fts, size_t passage, float* length);

  Database* const database;
  const DocumentTable* const documents;
  WordReader reader;
  std::vector<float> lengths;  // in words, by passage; read once, as ids are never used again
  Run run;
  // Terms to match, each a row of stems as numbers: a text's words that are in no term need no copy.
  std::vector<std::string> learnt_terms;
  std::unordered_map<std::string, int> vocabulary;
  std::vector<std::vector<int>> patterns;
};

Status FullText::Impl::Attach() {
  sqlite3* const handle = database->handle();
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v2(handle, "SELECT fts5(?1)", -1, &statement, nullptr);
  if (result == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    result = sqlite3_finalize(statement);
  }
  if (result != SQLITE_OK) return StatusOf(result, handle);
  return StatusOf(api->xCreateFunction(api, "lodestone_score", this, &Impl::ScoreRow, nullptr), handle);
}

void FullText::Impl::ScoreRow(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int,
                              sqlite3_value**) {
  auto* self = static_cast<Impl*>(api->xUserData(fts));
  int result = self->run.idf.empty() ? self->Begin(api, fts) : SQLITE_OK;
  if (result == SQLITE_OK) result = self->Score(api, fts);
  if (result != SQLITE_OK) sqlite3_result_error_code(context, result);
}

int FullText::Impl::Begin(const Fts5ExtensionApi* api, Fts5Context* fts) {
  sqlite3_int64 row_count = 0;
  sqlite3_int64 word_count = 0;
  int result = api->xRowCount(fts, &row_count);
  if (result == SQLITE_OK) result = api->xColumnTotalSize(fts, -1, &word_count);
  if (result != SQLITE_OK) return result;
  run.average_length = static_cast<double>(word_count) / static_cast<double>(row_count);
  const int phrase_count = api->xPhraseCount(fts);
  for (int phrase = 0; phrase < phrase_count; ++phrase) {
    struct Count {
      const DocumentTable* documents;
      sqlite3_int64 rows = 0;
      uint32_t documents_seen = 0;
      DocumentId last;
    } count{documents, 0, 0, {}};
    result = api->xQueryPhrase(fts, phrase, &count,
                               [](const Fts5ExtensionApi* inner, Fts5Context* row, void* user_data) {
                                 auto* count = static_cast<Count*>(user_data);
                                 ++count->rows;
                                 // Rows come by id, so a document's passages come together.
                                 const PassageId passage{static_cast<uint32_t>(inner->xRowid(row))};
                                 const DocumentId document = count->documents->DocumentOf(passage);
                                 if (document.value != 0 && document != count->last) {
                                   ++count->documents_seen;
                                   count->last = document;
                                 }
                                 return SQLITE_OK;
                               });
    if (result != SQLITE_OK) return result;
    run.idf.push_back(Bm25Idf(static_cast<double>(row_count), static_cast<double>(count.rows)));
    run.document_counts.push_back(count.documents_seen);
  }
  return SQLITE_OK;
}

int FullText::Impl::Score(const Fts5ExtensionApi* api, Fts5Context* fts) {
  const auto passage = static_cast<size_t>(api->xRowid(fts));
  const PassageId id{static_cast<uint32_t>(passage)};
  if (documents->DocumentOf(id).value == 0) return SQLITE_OK;
  if (!run.allowed.empty() && (passage >= run.allowed.size() || !run.allowed[passage])) return SQLITE_OK;
  float length = 0;
  int result = Length(api, fts, passage, &length);
  if (result != SQLITE_OK) return result;
  const double damping = Bm25Damping(length, run.average_length);
  double score = 0;
  for (size_t phrase = 0; phrase < run.idf.size(); ++phrase) {
    Fts5PhraseIter iterator;
    int column = -1;
    int offset = 0;
    double frequency = 0;
    result = api->xPhraseFirst(fts, static_cast<int>(phrase), &iterator, &column, &offset);
    if (result != SQLITE_OK) return result;
    for (; column >= 0; api->xPhraseNext(fts, &iterator, &column, &offset)) frequency += kColumnWeights[column];
    if (frequency > 0) score += Bm25Part(run.idf[phrase], frequency, damping);
  }
  run.hits.push_back({id, static_cast<float>(score)});
  return SQLITE_OK;
}

int FullText::Impl::Length(const Fts5ExtensionApi* api, Fts5Context* fts, size_t passage, float* length) {
  if (passage >= lengths.size()) lengths.resize(passage + passage / 2 + 1024, kUnknownLength);
  if (lengths[passage] == kUnknownLength) {
    int words = 0;
    const int result = api->xColumnSize(fts, -1, &words);
    if (result != SQLITE_OK) return result;
    lengths[passage] = static_cast<float>(words);
  }
  *length = lengths[passage];
  return SQLITE_OK;
}

FullText::FullText(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FullText::~FullText() = default;

Result<std::unique_ptr<FullText>> FullText::Create(Database* database, const DocumentTable* documents) {
  auto impl = std::make_unique<Impl>(database, documents);
  if (Status status = impl->Attach(); !status.ok()) return status;
  return std::unique_ptr<FullText>(new FullText(std::move(impl)));
}

Result<LexicalResult> FullText::Search(const std::vector<std::string>& terms, const FilterResult& filter) {
  LexicalResult result;
  result.term_document_counts.resize(terms.size());
  // Terms of the same stems are one phrase, so that "run running" does not count twice.
  std::vector<Stems> phrases;
  std::vector<size_t> phrase_of_term(terms.size(), kMaxScoredTerms);
  std::string match;
  for (size_t i = 0; i < terms.size() && phrases.size() < kMaxScoredTerms; ++i) {
    Stems stems = impl_->reader.StemsOf(terms[i]);
    if (stems.empty()) continue;
    const auto found = std::find(phrases.begin(), phrases.end(), stems);
    phrase_of_term[i] = static_cast<size_t>(found - phrases.begin());
    if (found != phrases.end()) continue;
    phrases.push_back(std::move(stems));
    if (!match.empty()) match += " OR ";
    match += Quoted(terms[i]);
  }
  if (phrases.empty()) return result;

  impl_->run = Run{};
  if (filter.restricts) {
    impl_->run.allowed.resize(filter.allowed.empty() ? 1 : filter.allowed.back().value + 1);
    for (const PassageId passage : filter.allowed) impl_->run.allowed[passage.value] = true;
  }
  Statement& statement = impl_->database->Prepared(
      "SELECT lodestone_score(passages_fts) FROM passages_fts WHERE passages_fts MATCH ?1");
  statement.BindText(1, match);
  if (Status status = statement.Run(); !status.ok()) return status;
  Run run = std::move(impl_->run);
  result.hits = std::move(run.hits);
  for (size_t i = 0; i < terms.size(); ++i) {
    if (phrase_of_term[i] < run.document_counts.size()) {
      result.term_document_counts[i] = run.document_counts[phrase_of_term[i]];
    }
  }
  return result;
}

Result<std::optional<std::vector<PassageId>>> FullText::PassagesWith(std::string_view phrase) {
  if (impl_->reader.StemsOf(phrase).empty()) return std::optional<std::vector<PassageId>>();
  const std::string match = Quoted(phrase);
  Statement& statement =
      impl_->database->Prepared("SELECT rowid FROM passages_fts WHERE passages_fts MATCH ?1 ORDER BY rowid");
  statement.BindText(1, match);
  std::vector<PassageId> passages;
  while (statement.Next()) {
    const PassageId passage{static_cast<uint32_t>(statement.Int(0))};
    if (impl_->documents->DocumentOf(passage).value != 0) passages.push_back(passage);
  }
  if (Status status = statement.Finish(); !status.ok()) return status;
  return std::optional(std::move(passages));
}

void FullText::Impl::LearnTerms(const std::vector<std::string>& terms) {
  // A query's terms are looked for in many passages.
  if (terms == learnt_terms) return;
  learnt_terms = terms;
  vocabulary.clear();
  patterns.assign(terms.size(), {});
  for (size_t i = 0; i < terms.size() && i < kMaxScoredTerms; ++i) {
    for (std::string& stem : reader.StemsOf(terms[i])) {
      const int next = static_cast<int>(vocabulary.size());
      patterns[i].push_back(vocabulary.try_emplace(std::move(stem), next).first->second);
    }
  }
}

std::vector<WordMatch> FullText::Match(const std::vector<std::string>& terms, std::string_view text) {
  impl_->LearnTerms(terms);
  const auto& vocabulary = impl_->vocabulary;
  const auto& patterns = impl_->patterns;
  struct Word {
    int stem;
    uint32_t start, end;
  };
  std::vector<Word> words;
  std::string key;
  impl_->reader.Read(text, [&](const WordReader::Word& word) {
    key.assign(word.stem);
    const auto found = vocabulary.find(key);
    words.push_back({found == vocabulary.end() ? -1 : found->second, word.start, word.end});
  });

  std::vector<WordMatch> matches;
  for (size_t i = 0; i < words.size();) {
    size_t best_size = 0;
    size_t best_term = 0;
    for (size_t term = 0; words[i].stem >= 0 && term < patterns.size(); ++term) {
      const std::vector<int>& pattern = patterns[term];
      if (pattern.size() <= best_size || pattern.size() > words.size() - i) continue;
      if (std::equal(pattern.begin(), pattern.end(), words.begin() + static_cast<ptrdiff_t>(i),
                     [](int stem, const Word& word) { return stem == word.stem; })) {
        best_size = pattern.size();
        best_term = term;
      }
    }
    if (best_size > 0) {
      matches.push_back({words[i].start, words[i + best_size - 1].end, static_cast<uint32_t>(best_term)});
    }
    i += std::max<size_t>(best_size, 1);
  }
  return matches;
}

}  // namespace lodestone
