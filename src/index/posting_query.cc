#include <algorithm>
#include <array>
#include <utility>

#include "base/bm25.h"
#include "base/check.h"
#include "index/posting_index.h"

namespace lodestone {
namespace {

// Passages of more words than this are rare enough to be reckoned one by one.
constexpr uint32_t kLengths = 2048;

// Calls `use(row, frequency)` for every posting.
template <typename Use>
void ForEach(const PostingList& list, Use use) {
  const uint32_t* many = list.many;
  for (const uint16_t posting : list.postings) {
    const uint32_t code = posting & 15;
    const uint32_t halves = code == PostingList::kMany ? *many++ : code;
    use(static_cast<uint32_t>(posting >> 4), kContextWeight * halves);
  }
}

}  // namespace

PostingQuery::PostingQuery(std::shared_ptr<const PostingView> view, std::vector<TermId> terms)
    : view_(std::move(view)), terms_(std::move(terms)) {
  lists_.reserve(view_->parts.size() * terms_.size());
  std::vector<uint64_t> hit_counts(terms_.size());
  for (const PostingPart& part : view_->parts) {
    for (size_t term = 0; term < terms_.size(); ++term) {
      const PostingList& list = lists_.emplace_back(part.segment->Find(terms_[term]));
      posting_count_ += list.postings.size();
      uint64_t live = list.postings.size();
      if (part.dead->count() > 0) {
        for (const uint16_t posting : list.postings) live -= part.dead->Has(posting >> 4);
      }
      hit_counts[term] += live;
    }
  }
  const auto passage_count = static_cast<double>(view_->passage_count);
  for (const uint64_t hits : hit_counts) idf_.push_back(Bm25Idf(passage_count, static_cast<double>(hits)));
  average_length_ = static_cast<double>(view_->word_count) / passage_count;
  damping_.resize(kLengths);
  for (uint32_t length = 0; length < kLengths; ++length) damping_[length] = Bm25Damping(length, average_length_);
}

double PostingQuery::DampingOf(uint32_t length) const {
  return length < kLengths ? damping_[length] : Bm25Damping(length, average_length_);
}

std::vector<uint32_t> PostingQuery::CountDocuments(uint32_t limit) const {
  std::vector<uint32_t> counts(terms_.size());
  for (size_t term = 0; term < terms_.size(); ++term) {
    DocumentId last;
    for (size_t i = 0; i < view_->parts.size(); ++i) {
      const PostingPart& part = view_->parts[i];
      for (const uint16_t posting : list(i, term).postings) {
        if (counts[term] == limit) break;
        const uint32_t row = posting >> 4;
        // A document's passages come together.
        if (part.dead->Has(row) || part.segment->document(row) == last) continue;
        last = part.segment->document(row);
        ++counts[term];
      }
    }
  }
  return counts;
}

void PostingQuery::Score(size_t begin, size_t end, std::vector<LexicalHit>* hits) const {
  LODESTONE_CHECK(begin <= end && end <= part_count());
  std::array<double, PostingSegment::kMaxRows> scores;
  for (size_t i = begin; i < end; ++i) {
    const PostingPart& part = view_->parts[i];
    const PostingSegment& segment = *part.segment;
    const uint32_t* const lengths = segment.lengths().data();
    std::fill_n(scores.begin(), segment.row_count(), 0.0);
    for (size_t term = 0; term < terms_.size(); ++term) {
      const double idf = idf_[term];
      ForEach(list(i, term), [&](uint32_t row, double frequency) {
        scores[row] += Bm25Part(idf, frequency, DampingOf(lengths[row]));
      });
    }
    for (uint32_t row = 0; row < segment.row_count(); ++row) {
      if (scores[row] > 0 && !part.dead->Has(row)) {
        hits->push_back({segment.passage(row), static_cast<float>(scores[row])});
      }
    }
  }
}

}  // namespace lodestone
