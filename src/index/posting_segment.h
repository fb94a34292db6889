#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/words.h"

namespace lodestone {

// Rows of one segment that are removed, a bit a row; empty when none is.
class DeadRows {
 public:
  bool Has(uint32_t row) const { return !bits_.empty() && (bits_[row / 64] >> (row % 64) & 1) != 0; }
  // False when it was dead already.
  bool Add(uint32_t row, uint32_t row_count);
  uint32_t count() const { return count_; }

 private:
  std::vector<uint64_t> bits_;
  uint32_t count_ = 0;
};

// Where one term stands in one segment.
//
// A posting is a row in its upper 12 bits and, in the lower 4, how often the term stands there, counted in
// halves: 2 for the text, 1 for the context. kMany says that the number is the next one of `many`.
struct PostingList {
  static constexpr uint16_t kMany = 15;

  std::span<const uint16_t> postings;  // rows ascending
  const uint32_t* many = nullptr;
};

// Up to 4,096 passages with their words, turned inside out: by term, the passages that hold it. A query's
// scores of one segment stay in the processor's nearest cache, and a posting is two bytes.
// Never changes. Thread: any.
class PostingSegment {
 public:
  static constexpr uint32_t kMaxRows = 4096;

  uint32_t row_count() const { return static_cast<uint32_t>(passages_.size()); }
  PassageId passage(uint32_t row) const { return passages_[row]; }  // ascending
  DocumentId document(uint32_t row) const { return documents_[row]; }
  uint32_t length(uint32_t row) const { return lengths_[row]; }     // in words
  std::span<const uint32_t> lengths() const { return lengths_; }
  std::optional<uint32_t> FindRow(PassageId passage) const;
  uint64_t word_count() const { return word_count_; }
  size_t term_count() const { return terms_.size(); }
  PostingList Find(TermId term) const;
  size_t memory_bytes() const;

  // One of the segments that a merge puts together; both outlive the merge.
  struct Source {
    const PostingSegment* segment;
    const DeadRows* dead;  // rows that are left behind
  };
  // Null when no row is left. REQUIRES: ascending by passage, at most kMaxRows live rows in all.
  static std::shared_ptr<const PostingSegment> Merge(std::span<const Source> sources);

 private:
  friend class PostingBuilder;

  PostingList ListAt(size_t index) const;
  // A posting's number in halves, where it does not fit.
  struct Many {
    uint32_t posting;
    uint32_t halves;
  };
  void Append(uint32_t row, uint32_t halves);
  void CloseTerm(TermId term);
  void AddRow(PassageId passage, DocumentId document, uint32_t length);
  void ShrinkToFit();

  std::vector<PassageId> passages_;
  std::vector<DocumentId> documents_;
  std::vector<uint32_t> lengths_;
  std::vector<TermId> terms_;         // ascending
  std::vector<uint32_t> ends_;        // by term, in postings_
  std::vector<uint16_t> postings_;
  std::vector<uint32_t> many_at_;     // postings of kMany, ascending
  std::vector<uint32_t> many_;        // their numbers
  uint64_t word_count_ = 0;
};

using PostingSegmentPtr = std::shared_ptr<const PostingSegment>;

// Makes segments of counted words.
// Thread: one.
class PostingBuilder {
 public:
  // A document's passages, numbered from `first`. REQUIRES: ids ascend from call to call.
  void Add(DocumentId document, PassageId first, const WordCounts& words);
  std::vector<PostingSegmentPtr> Finish();

 private:
  struct Occurrence {
    uint32_t term;  // number in terms_
    uint32_t row;
    uint32_t halves;
  };
  uint32_t NumberOf(TermId term);
  void Grow();
  void Seal();

  std::shared_ptr<PostingSegment> segment_;
  std::vector<Occurrence> occurrences_;  // rows ascending
  std::vector<TermId> terms_;            // in order of appearance
  std::vector<uint32_t> list_sizes_;     // by number
  std::vector<uint32_t> slots_;          // open addressing by hash: number + 1, or 0
  std::vector<PostingSegmentPtr> done_;
};

}  // namespace lodestone
