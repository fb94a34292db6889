#include "index/posting_segment.h"

#include <numeric>
#include <utility>

#include "base/bm25.h"
#include "base/check.h"

namespace lodestone {
namespace {

static_assert(PostingSegment::kMaxRows == 1u << 12, "a row takes 12 bits of a posting");
static_assert(kTextWeight == 2 * kContextWeight, "a text's word counts two halves, a context's one");

uint16_t Pack(uint32_t row, uint32_t halves) {
  return static_cast<uint16_t>(row << 4 | std::min<uint32_t>(halves, PostingList::kMany));
}

// Some libraries' shrink_to_fit does nothing where there are no exceptions.
template <typename T>
void Shrink(std::vector<T>* values) {
  if (values->capacity() > values->size()) std::vector<T>(values->begin(), values->end()).swap(*values);
}

}  // namespace

bool DeadRows::Add(uint32_t row, uint32_t row_count) {
  if (Has(row)) return false;
  bits_.resize((row_count + 63) / 64);
  bits_[row / 64] |= uint64_t{1} << (row % 64);
  ++count_;
  return true;
}

std::optional<uint32_t> PostingSegment::FindRow(PassageId passage) const {
  const auto found = std::lower_bound(passages_.begin(), passages_.end(), passage);
  if (found == passages_.end() || *found != passage) return std::nullopt;
  return static_cast<uint32_t>(found - passages_.begin());
}

PostingList PostingSegment::ListAt(size_t index) const {
  const uint32_t begin = index == 0 ? 0 : ends_[index - 1];
  PostingList list;
  list.postings = std::span(postings_).subspan(begin, ends_[index] - begin);
  list.many = many_.data() + (std::lower_bound(many_at_.begin(), many_at_.end(), begin) - many_at_.begin());
  return list;
}

PostingList PostingSegment::Find(TermId term) const {
  const auto found = std::lower_bound(terms_.begin(), terms_.end(), term);
  if (found == terms_.end() || *found != term) return {};
  return ListAt(static_cast<size_t>(found - terms_.begin()));
}

size_t PostingSegment::memory_bytes() const {
  return sizeof(*this) + passages_.capacity() * sizeof(PassageId) + documents_.capacity() * sizeof(DocumentId) +
         lengths_.capacity() * sizeof(uint32_t) + terms_.capacity() * sizeof(TermId) +
         ends_.capacity() * sizeof(uint32_t) + postings_.capacity() * sizeof(uint16_t) +
         (many_at_.capacity() + many_.capacity()) * sizeof(uint32_t);
}

void PostingSegment::AddRow(PassageId passage, DocumentId document, uint32_t length) {
  LODESTONE_CHECK(passages_.size() < kMaxRows && (passages_.empty() || passages_.back() < passage));
  passages_.push_back(passage);
  documents_.push_back(document);
  lengths_.push_back(length);
  word_count_ += length;
}

void PostingSegment::Append(uint32_t row, uint32_t halves) {
  const uint16_t posting = Pack(row, halves);
  if (halves >= PostingList::kMany) {
    many_at_.push_back(static_cast<uint32_t>(postings_.size()));
    many_.push_back(halves);
  }
  postings_.push_back(posting);
}

void PostingSegment::CloseTerm(TermId term) {
  LODESTONE_CHECK(postings_.size() <= UINT32_MAX);
  if (postings_.size() == (ends_.empty() ? 0 : ends_.back())) return;
  terms_.push_back(term);
  ends_.push_back(static_cast<uint32_t>(postings_.size()));
}

void PostingSegment::ShrinkToFit() {
  Shrink(&passages_);
  Shrink(&documents_);
  Shrink(&lengths_);
  Shrink(&terms_);
  Shrink(&ends_);
  Shrink(&postings_);
  Shrink(&many_at_);
  Shrink(&many_);
}

PostingSegmentPtr PostingSegment::Merge(std::span<const Source> sources) {
  auto merged = std::make_shared<PostingSegment>();
  constexpr uint16_t kGone = UINT16_MAX;
  std::vector<std::vector<uint16_t>> new_rows;
  size_t posting_count = 0;
  for (const Source& source : sources) {
    const PostingSegment& segment = *source.segment;
    std::vector<uint16_t>& rows = new_rows.emplace_back(segment.row_count(), kGone);
    for (uint32_t row = 0; row < segment.row_count(); ++row) {
      if (source.dead->Has(row)) continue;
      rows[row] = static_cast<uint16_t>(merged->row_count());
      merged->AddRow(segment.passages_[row], segment.documents_[row], segment.lengths_[row]);
    }
    posting_count += segment.postings_.size();
  }
  if (merged->row_count() == 0) return nullptr;
  merged->postings_.reserve(posting_count);

  std::vector<size_t> at(sources.size(), 0);
  for (;;) {
    const TermId* least = nullptr;
    for (size_t i = 0; i < sources.size(); ++i) {
      const std::vector<TermId>& terms = sources[i].segment->terms_;
      if (at[i] < terms.size() && (!least || terms[at[i]] < *least)) least = &terms[at[i]];
    }
    if (!least) break;
    const TermId term = *least;
    for (size_t i = 0; i < sources.size(); ++i) {
      const PostingSegment& segment = *sources[i].segment;
      if (at[i] == segment.terms_.size() || segment.terms_[at[i]] != term) continue;
      PostingList list = segment.ListAt(at[i]++);
      for (const uint16_t posting : list.postings) {
        const uint32_t code = posting & 15;
        const uint32_t halves = code == PostingList::kMany ? *list.many++ : code;
        const uint16_t row = new_rows[i][posting >> 4];
        if (row != kGone) merged->Append(row, halves);
      }
    }
    merged->CloseTerm(term);
  }
  merged->ShrinkToFit();
  return merged;
}

void PostingBuilder::Add(DocumentId document, PassageId first, const WordCounts& words) {
  LODESTONE_CHECK(words.lengths.size() == words.ends.size() && words.terms.size() == words.halves.size());
  uint32_t begin = 0;
  for (size_t i = 0; i < words.ends.size(); ++i) {
    if (segment_ && segment_->row_count() == PostingSegment::kMaxRows) Seal();
    if (!segment_) segment_ = std::make_shared<PostingSegment>();
    const uint32_t row = segment_->row_count();
    segment_->AddRow(PassageId{first.value + static_cast<uint32_t>(i)}, document, words.lengths[i]);
    for (uint32_t j = begin; j < words.ends[i]; ++j) {
      const uint32_t number = NumberOf(words.terms[j]);
      ++list_sizes_[number];
      occurrences_.push_back({number, row, words.halves[j]});
    }
    begin = words.ends[i];
  }
}

std::vector<PostingSegmentPtr> PostingBuilder::Finish() {
  if (segment_) Seal();
  return std::exchange(done_, {});
}

uint32_t PostingBuilder::NumberOf(TermId term) {
  if (terms_.size() * 2 >= slots_.size()) Grow();
  const size_t mask = slots_.size() - 1;
  size_t slot = term.value & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (terms_[slots_[slot] - 1] == term) return slots_[slot] - 1;
  }
  terms_.push_back(term);
  list_sizes_.push_back(0);
  slots_[slot] = static_cast<uint32_t>(terms_.size());
  return slots_[slot] - 1;
}

void PostingBuilder::Grow() {
  slots_.assign(std::max<size_t>(1024, slots_.size() * 2), 0);
  const size_t mask = slots_.size() - 1;
  for (size_t number = 0; number < terms_.size(); ++number) {
    size_t slot = terms_[number].value & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(number + 1);
  }
}

void PostingBuilder::Seal() {
  // Occurrences are put in the order of their terms' lists; within one, rows ascend as they came.
  std::vector<uint32_t> order(terms_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return terms_[a] < terms_[b]; });
  std::vector<uint32_t> next(terms_.size());
  uint32_t begin = 0;
  for (const uint32_t number : order) {
    next[number] = begin;
    begin += list_sizes_[number];
  }
  PostingSegment& segment = *segment_;
  segment.postings_.resize(occurrences_.size());
  std::vector<PostingSegment::Many> many;
  for (const Occurrence& occurrence : occurrences_) {
    const uint32_t at = next[occurrence.term]++;
    segment.postings_[at] = Pack(occurrence.row, occurrence.halves);
    if (occurrence.halves >= PostingList::kMany) many.push_back({at, occurrence.halves});
  }
  std::sort(many.begin(), many.end(), [](const auto& a, const auto& b) { return a.posting < b.posting; });
  for (const PostingSegment::Many& one : many) {
    segment.many_at_.push_back(one.posting);
    segment.many_.push_back(one.halves);
  }
  segment.terms_.reserve(order.size());
  segment.ends_.reserve(order.size());
  for (const uint32_t number : order) {
    segment.terms_.push_back(terms_[number]);
    segment.ends_.push_back(next[number]);
  }
  segment.ShrinkToFit();
  done_.push_back(std::exchange(segment_, nullptr));
  occurrences_.clear();
  terms_.clear();
  list_sizes_.clear();
  std::fill(slots_.begin(), slots_.end(), 0u);
}

}  // namespace lodestone
