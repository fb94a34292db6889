#include "engine/word_keeper.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "store/word_reader.h"

namespace lodestone {
namespace {

// A segment's worth at a time; the storage thread turns to queries in between.
constexpr size_t kLoadPassages = PostingSegment::kMaxRows;
constexpr size_t kReadPassages = 256;
constexpr size_t kInlineLoadPassages = 256;  // without threads, between two messages
// While one is read, another is cut into words.
constexpr size_t kMaxUnderWay = 2;

}  // namespace

void WordKeeper::Restart() {
  ++generation_;
  next_ = 0;
  limit_ = context_->library.passage_limit();
  under_way_ = 0;
}

std::vector<WordKeeper::Row> WordKeeper::NextRows() {
  const size_t count = context_->platform.threaded ? kLoadPassages : kInlineLoadPassages;
  std::vector<Row> rows;
  for (; next_ < limit_ && rows.size() < count; ++next_) {
    const PassageId passage{next_};
    const DocumentId document = context_->library.document_of(passage);
    if (document.value != 0) rows.push_back({passage, document});
  }
  return rows;
}

void WordKeeper::LoadNext() {
  while (under_way_ < kMaxUnderWay) {
    std::vector<Row> rows = NextRows();
    if (rows.empty()) return;
    ++under_way_;
    Load(std::move(rows));
  }
}

void WordKeeper::Load(std::vector<Row> rows) {
  const uint64_t generation = generation_;
  const auto load = [queue = context_->platform.storage, rows = std::move(rows)](Store& store) {
    std::vector<PassageId> passages;
    for (const Row& row : rows) passages.push_back(row.passage);
    auto texts = std::make_shared<std::vector<PassageText>>();
    for (size_t begin = 0; begin < passages.size(); begin += kReadPassages) {
      if (queue->InteractiveWaiting()) queue->RunInteractive();
      const size_t count = std::min(kReadPassages, passages.size() - begin);
      // What cannot be read is missing in memory, so that the full-text index goes on answering.
      Result<std::vector<PassageText>> some = store.LoadPassages(std::span(passages).subspan(begin, count));
      if (!some.ok()) break;
      std::move(some.value().begin(), some.value().end(), std::back_inserter(*texts));
    }
    return texts;
  };
  const auto build = [compute = context_->platform.compute](const std::vector<PassageText>& texts) {
    PostingBuilder builder;
    WordCounts words;
    for (const PassageText& text : texts) {
      if (compute->InteractiveWaiting()) compute->RunInteractive();
      words = {};
      WordReader::OfThisThread().Count(text.text, ContextOf(text.title, text.heading_path), &words);
      builder.Add(text.document, text.passage, words);
    }
    return builder.Finish();
  };
  using Texts = std::shared_ptr<std::vector<PassageText>>;
  context_->OnStorage<Texts>(Priority::kVisible, load, [this, generation, build](Texts texts) {
    if (generation != generation_) return;
    context_->OnCompute<std::vector<PostingSegmentPtr>>(
        Priority::kVisible, [build, texts] { return build(*texts); },
        [this, generation](std::vector<PostingSegmentPtr> segments) {
          if (generation != generation_) return;
          for (PostingSegmentPtr& segment : segments) context_->library.AddWords(std::move(segment));
          --under_way_;
          Tidy();
          LoadNext();
        },
        "Load");
  });
}

void WordKeeper::Tidy() {
  if (merging_) return;
  std::vector<PostingPart> parts = context_->library.words().PartsToMerge();
  if (parts.empty()) return;
  merging_ = true;
  context_->OnCompute<PostingSegmentPtr>(
      Priority::kBackground, [parts] { return PostingIndex::Merge(parts); },
      [this, parts](PostingSegmentPtr merged) {
        merging_ = false;
        context_->library.words().Replace(parts, std::move(merged));
        Tidy();
      });
}

}  // namespace lodestone
