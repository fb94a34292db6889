#include "engine/rehearsal.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/token_windows.h"
#include "index/half.h"
#include "index/posting_segment.h"
#include "store/word_reader.h"
#include "text/extract.h"

namespace lodestone {
namespace {

// With so many all that indexing spends its time in has been compiled; with 300 the documents after them come in no faster.
constexpr int kDocuments = 32;
constexpr int kSentences = 11;
constexpr int kSentenceWords = 14;
constexpr std::string_view kWords[] = {
    "the",   "of",     "and",    "to",       "a",       "in",      "is",     "it",        "for",      "that",  "with",  "as",
    "on",    "was",    "at",     "by",       "from",    "or",      "water",  "light",     "garden",   "letter", "winter", "stone",
    "river", "bread",  "engine", "question", "harbour", "lantern", "summer", "important", "children", "music", "paper", "measure",
};
constexpr double kTransactionBudgetMs = 10;

std::string MakeUpText(std::mt19937* random) {
  std::string text;
  for (int i = 0; i < kSentences * kSentenceWords; ++i) {
    const bool first = i % kSentenceWords == 0;
    if (i > 0) text += first ? ". " : " ";
    // The frequent ones come first, as in any text.
    const size_t limit = 1 + (*random)() % std::size(kWords);
    text += kWords[(*random)() % limit];
  }
  return text + ".";
}

}  // namespace

struct Rehearsal::Script {
  std::vector<NewDocument> documents;
  std::vector<WordCounts> words;  // by document
  std::vector<std::vector<int32_t>> tokens;
  ModelDescription model;
  std::vector<uint16_t> half_bits;
};

void Rehearsal::Kick() {
  if (done_ || !context_->instant.ready() || others_busy()) return;
  done_ = true;
  auto script = std::make_shared<Script>();
  script->model = context_->instant.model();
  context_->OnCompute<bool>(
      Priority::kBackground,
      [script, tokenizer = context_->instant.tokenizer, compute = context_->platform.compute] {
        std::mt19937 random(1);
        for (int i = 0; i < kDocuments; ++i) {
          if (compute->InteractiveWaiting()) compute->RunInteractive();
          const std::string path = "rehearsal-" + std::to_string(i) + ".txt";
          Result<Document> extracted = ExtractDocument(path, MakeUpText(&random));
          if (!extracted.ok()) continue;
          NewDocument& document = script->documents.emplace_back();
          document.document = std::move(extracted).value();
          document.content_hash = path;
          document.passages = ChunkDocument(document.document, *tokenizer, {});
          const std::string_view text = document.document.text;
          WordCounts& words = script->words.emplace_back();
          for (const Passage& passage : document.passages) {
            const std::string_view words_of = text.substr(passage.start, passage.end - passage.start);
            WordReader::OfThisThread().Count(words_of, ContextOf(document.document.title, passage.heading_path), &words);
            for (EmbedItem& item : PassageWindows(*tokenizer, script->model, PassageId{1}, words_of)) {
              script->tokens.push_back(std::move(item.ids));
            }
          }
        }
        return true;
      },
      [this, script](bool) { Embed(script); }, "Rehearsal");
}

void Rehearsal::Embed(std::shared_ptr<Script> script) {
  if (others_busy() || !context_->instant.ready()) return;
  context_->instant.embedder.EmbedNow(script->tokens, [this, script](Result<std::vector<float>> values) {
    if (!values.ok() || others_busy()) return;
    script->half_bits.resize(values.value().size());
    std::transform(values.value().begin(), values.value().end(), script->half_bits.begin(), FloatToHalf);
    Save(script);
  });
}

// Into a library of its own, in memory.
void Rehearsal::Save(std::shared_ptr<Script> script) {
  context_->OnStorage<bool>(
      Priority::kBackground,
      [script, queue = context_->platform.storage](Store&) {
        Result<std::unique_ptr<Store>> opened = Store::Open(":memory:");
        if (!opened.ok()) return false;
        Store& store = *opened.value();
        const auto between = [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        };
        PostingBuilder words;
        std::vector<PassageId> passages;
        const auto stored = store.AddDocuments(script->documents, kTransactionBudgetMs, between);
        for (size_t i = 0; i < stored.size(); ++i) {
          if (!stored[i].ok()) return false;
          const StoredIds& ids = stored[i].value();
          words.Add(ids.document, ids.first_passage, script->words[i]);
          for (size_t n = 0; n < script->documents[i].passages.size(); ++n) {
            passages.push_back(PassageId{ids.first_passage.value + static_cast<uint32_t>(n)});
          }
        }
        words.Finish();
        const uint32_t dimension = script->model.dimension;
        if (passages.size() * dimension != script->half_bits.size()) return false;  // some are of several windows
        between();
        (void)store.PassagesWithoutVector(script->model.id, {}, passages.size());
        return store.AddVectors(script->model.id, dimension, passages, script->half_bits).ok();
      },
      [](bool) {}, "Rehearsal");
}

}  // namespace lodestone
