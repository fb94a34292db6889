#include "store/word_reader.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace lodestone {
namespace {

// The index cuts longer ones.
constexpr size_t kMaxStemBytes = 32768;

}  // namespace

// A tokenizer comes with a connection; an empty one in memory is quickly made.
struct WordReader::Impl {
  ~Impl() {
    if (tokenizer) methods.xDelete(tokenizer);
    sqlite3_close(handle);
  }
  int Open();

  sqlite3* handle = nullptr;
  fts5_tokenizer methods = {};
  Fts5Tokenizer* tokenizer = nullptr;
};

int WordReader::Impl::Open() {
  int result = sqlite3_open(":memory:", &handle);
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (result == SQLITE_OK) result = sqlite3_prepare_v2(handle, "SELECT fts5(?1)", -1, &statement, nullptr);
  if (result != SQLITE_OK) return result;
  sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
  sqlite3_step(statement);
  result = sqlite3_finalize(statement);
  if (result != SQLITE_OK) return result;
  void* user_data = nullptr;
  result = api->xFindTokenizer(api, "porter", &user_data, &methods);
  // The same as in the schema.
  const char* base[] = {"unicode61"};
  return result == SQLITE_OK ? methods.xCreate(user_data, base, 1, &tokenizer) : result;
}

std::string ContextOf(std::string_view title, std::string_view heading_path) {
  std::string context(title);
  context += '\n';
  context += heading_path;
  return context;
}

TermId TermOf(std::string_view stem) { return TermId{Checksum(stem)}; }

WordReader& WordReader::OfThisThread() {
  thread_local WordReader reader;
  return reader;
}

WordReader::WordReader() : impl_(std::make_unique<Impl>()) {
  LODESTONE_CHECK(impl_->Open() == SQLITE_OK);  // it needs nothing but a little memory
}

WordReader::~WordReader() = default;

void WordReader::ReadWords(std::string_view text, void* sink, void (*on_word)(void* sink, const Word& word)) const {
  struct Target {
    void* sink;
    void (*on_word)(void* sink, const Word& word);
  } target{sink, on_word};
  const auto on_token = [](void* context, int, const char* token, int size, int start, int end) {
    const auto* target = static_cast<Target*>(context);
    const std::string_view stem(token, std::min(static_cast<size_t>(size), kMaxStemBytes));
    target->on_word(target->sink, {stem, static_cast<uint32_t>(start), static_cast<uint32_t>(end)});
    return SQLITE_OK;
  };
  impl_->methods.xTokenize(impl_->tokenizer, &target, FTS5_TOKENIZE_DOCUMENT, text.data(),
                           static_cast<int>(text.size()), on_token);
}

std::vector<std::string> WordReader::StemsOf(std::string_view term) const {
  std::vector<std::string> stems;
  Read(term, [&](const Word& word) { stems.emplace_back(word.stem); });
  return stems;
}

void WordReader::Count(std::string_view text, std::string_view context, WordCounts* words) {
  const auto collect = [this](std::string_view part, std::vector<TermId>* terms) {
    terms->clear();
    Read(part, [&](const Word& word) { terms->push_back(TermOf(word.stem)); });
    std::sort(terms->begin(), terms->end());
  };
  collect(text, &in_text_);
  collect(context, &in_context_);
  size_t t = 0;
  size_t c = 0;
  while (t < in_text_.size() || c < in_context_.size()) {
    const bool is_text = c == in_context_.size() || (t < in_text_.size() && in_text_[t] < in_context_[c]);
    const TermId term = is_text ? in_text_[t] : in_context_[c];
    uint32_t halves = 0;
    for (; t < in_text_.size() && in_text_[t] == term; ++t) halves += 2;
    for (; c < in_context_.size() && in_context_[c] == term; ++c) ++halves;
    words->terms.push_back(term);
    words->halves.push_back(halves);
  }
  words->lengths.push_back(static_cast<uint32_t>(in_text_.size() + in_context_.size()));
  words->ends.push_back(static_cast<uint32_t>(words->terms.size()));
}

}  // namespace lodestone
