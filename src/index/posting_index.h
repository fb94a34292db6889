#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/query.h"
#include "index/posting_segment.h"

namespace lodestone {

// A segment with what is removed of it.
struct PostingPart {
  PostingSegmentPtr segment;
  std::shared_ptr<const DeadRows> dead;
  uint32_t live_count() const { return segment->row_count() - dead->count(); }
};

// The index as it was at one moment. Never changes. Thread: any.
struct PostingView {
  std::vector<PostingPart> parts;  // ascending by passage
  uint32_t passage_count = 0;      // live
  uint64_t word_count = 0;         // of the live passages
};

// All words of the library, for scoring every passage that holds any of a query's terms.
// Thread: one (the coordinator), for every call; views go anywhere.
class PostingIndex {
 public:
  // REQUIRES: no passage of it is or was in the index, nor an id between its first and last.
  void Add(PostingSegmentPtr segment);
  // Those that are not in the index are none of its business.
  void Remove(std::span<const PassageId> passages);
  void Clear();

  std::shared_ptr<const PostingView> View();
  uint32_t passage_count() const { return passage_count_; }
  bool Has(PassageId passage) const;
  size_t memory_bytes() const;

  // Neighbours that are better one segment, or one that is largely dead; empty when all is well. Merge them
  // wherever there is time and give the result to Replace.
  std::vector<PostingPart> PartsToMerge() const;
  static PostingSegmentPtr Merge(std::span<const PostingPart> parts);
  // What was removed meanwhile stays removed. Does nothing when the parts are not all there any more.
  void Replace(std::span<const PostingPart> parts, PostingSegmentPtr merged);

 private:
  size_t PartBefore(PassageId passage) const;

  std::vector<PostingPart> parts_;
  uint32_t passage_count_ = 0;
  uint64_t word_count_ = 0;
  std::shared_ptr<const PostingView> view_;  // of the present state, once asked for
};

// One query against one view. Scores are those of the full-text index, to the last bit.
// Thread: made on one; then any, several parts at once.
class PostingQuery {
 public:
  // REQUIRES: no term twice.
  PostingQuery(std::shared_ptr<const PostingView> view, std::vector<TermId> terms);

  size_t part_count() const { return view_->parts.size(); }
  // What scoring costs, in postings.
  size_t posting_count() const { return posting_count_; }
  // In how many documents each term stands; counting ends at `limit`.
  std::vector<uint32_t> CountDocuments(uint32_t limit) const;
  // Appends the live passages of parts [begin, end) that hold a term, ascending.
  void Score(size_t begin, size_t end, std::vector<LexicalHit>* hits) const;

 private:
  const PostingList& list(size_t part, size_t term) const { return lists_[part * terms_.size() + term]; }
  double DampingOf(uint32_t length) const;

  std::shared_ptr<const PostingView> view_;
  std::vector<TermId> terms_;
  std::vector<PostingList> lists_;  // [parts x terms]
  std::vector<double> idf_;         // by term
  std::vector<double> damping_;     // by length, up to kLengths
  double average_length_ = 0;
  size_t posting_count_ = 0;
};

}  // namespace lodestone
