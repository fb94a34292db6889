#include "index/posting_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "base/bm25.h"

namespace lodestone {
namespace {

TermId Term(uint64_t number) { return TermId{number * 0x9E3779B97F4A7C15u}; }

struct PlainPassage {
  DocumentId document;
  uint32_t length = 0;
  std::map<TermId, uint32_t> halves;
};

// The same index without any cleverness.
class Plain {
 public:
  void Add(PassageId id, PlainPassage passage) { passages_[id] = std::move(passage); }
  void Remove(PassageId id) { passages_.erase(id); }
  const std::map<PassageId, PlainPassage>& passages() const { return passages_; }

  std::vector<LexicalHit> Search(const std::vector<TermId>& terms) const {
    uint64_t words = 0;
    for (const auto& [id, passage] : passages_) words += passage.length;
    const double average = static_cast<double>(words) / static_cast<double>(passages_.size());
    std::map<PassageId, double> scores;
    for (const TermId term : terms) {
      double count = 0;
      for (const auto& [id, passage] : passages_) count += passage.halves.contains(term);
      const double idf = Bm25Idf(static_cast<double>(passages_.size()), count);
      for (const auto& [id, passage] : passages_) {
        const auto found = passage.halves.find(term);
        if (found == passage.halves.end()) continue;
        scores[id] += Bm25Part(idf, found->second * kContextWeight, Bm25Damping(passage.length, average));
      }
    }
    std::vector<LexicalHit> hits;
    for (const auto& [id, score] : scores) hits.push_back({id, static_cast<float>(score)});
    return hits;
  }
  uint32_t DocumentsWith(TermId term) const {
    uint32_t count = 0;
    DocumentId last;
    for (const auto& [id, passage] : passages_) {
      if (!passage.halves.contains(term) || passage.document == last) continue;
      last = passage.document;
      ++count;
    }
    return count;
  }

 private:
  std::map<PassageId, PlainPassage> passages_;
};

WordCounts CountsOf(const PlainPassage& passage) {
  WordCounts words;
  for (const auto& [term, halves] : passage.halves) {
    words.terms.push_back(term);
    words.halves.push_back(halves);
  }
  words.lengths.push_back(passage.length);
  words.ends.push_back(static_cast<uint32_t>(words.terms.size()));
  return words;
}

std::vector<LexicalHit> Search(PostingIndex& index, const std::vector<TermId>& terms) {
  const PostingQuery query(index.View(), terms);
  std::vector<LexicalHit> hits;
  query.Score(0, query.part_count(), &hits);
  return hits;
}

void ExpectSame(const std::vector<LexicalHit>& found, const std::vector<LexicalHit>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].passage, expected[i].passage);
    ASSERT_EQ(found[i].score, expected[i].score) << "to the last bit";
  }
}

class PostingIndexTest : public ::testing::Test {
 protected:
  // Terms low in number are frequent.
  PlainPassage MakePassage(DocumentId document, uint32_t words) {
    PlainPassage passage;
    passage.document = document;
    for (uint32_t i = 0; i < words; ++i) {
      const uint32_t x = random_() % 1000;
      const bool in_text = random_() % 8 > 0;
      passage.halves[Term(1 + uint64_t{x} * x * x / 1'000'000)] += in_text ? 2 : 1;
      ++passage.length;
    }
    return passage;
  }
  // A document of some passages, as one addition.
  void AddDocument(uint32_t passage_count, uint32_t words = 40) {
    const DocumentId document{++last_document_};
    for (uint32_t i = 0; i < passage_count; ++i) {
      const PassageId id{++last_passage_};
      PlainPassage passage = MakePassage(document, 1 + random_() % words);
      builder_.Add(document, id, CountsOf(passage));
      plain_.Add(id, std::move(passage));
    }
  }
  void Commit() {
    for (PostingSegmentPtr& segment : builder_.Finish()) index_.Add(std::move(segment));
  }
  void RemoveAtRandom(uint32_t one_in) {
    std::vector<PassageId> gone;
    for (const auto& [id, passage] : plain_.passages()) {
      if (random_() % one_in == 0) gone.push_back(id);
    }
    for (const PassageId id : gone) plain_.Remove(id);
    index_.Remove(gone);
  }
  void MergeAll() {
    for (;;) {
      const std::vector<PostingPart> parts = index_.PartsToMerge();
      if (parts.empty()) return;
      uint32_t rows = 0;
      for (const PostingPart& part : parts) rows += part.live_count();
      ASSERT_LE(rows, PostingSegment::kMaxRows);
      copied_ += rows;
      index_.Replace(parts, PostingIndex::Merge(parts));
    }
  }
  std::vector<TermId> RandomTerms() {
    std::vector<TermId> terms;
    for (int i = 0; i < 8; ++i) {
      const TermId term = Term(1 + random_() % (i < 4 ? 20 : 1200));
      if (std::find(terms.begin(), terms.end(), term) == terms.end()) terms.push_back(term);
    }
    return terms;
  }
  void Compare() {
    EXPECT_EQ(index_.passage_count(), plain_.passages().size());
    for (int i = 0; i < 4; ++i) {
      const std::vector<TermId> terms = RandomTerms();
      ExpectSame(Search(index_, terms), plain_.Search(terms));
      const std::vector<uint32_t> counts = PostingQuery(index_.View(), terms).CountDocuments(7);
      for (size_t term = 0; term < terms.size(); ++term) {
        EXPECT_EQ(counts[term], std::min(7u, plain_.DocumentsWith(terms[term])));
      }
    }
  }

  std::mt19937 random_{7};
  PostingIndex index_;
  PostingBuilder builder_;
  Plain plain_;
  uint32_t last_document_ = 0;
  uint32_t last_passage_ = 0;
  uint64_t copied_ = 0;
};

TEST_F(PostingIndexTest, AnEmptyIndexFindsNothing) {
  EXPECT_TRUE(Search(index_, {Term(1)}).empty());
  EXPECT_TRUE(Search(index_, {}).empty());
  EXPECT_TRUE(index_.PartsToMerge().empty());
  AddDocument(1);
  Commit();
  EXPECT_TRUE(Search(index_, {Term(999'999)}).empty());
  EXPECT_TRUE(Search(index_, {}).empty());
}

TEST_F(PostingIndexTest, ScoresAreThoseOfThePlainOneThroughAdditionsRemovalsAndMerges) {
  for (int round = 0; round < 60; ++round) {
    for (uint32_t documents = random_() % 12; documents > 0; --documents) AddDocument(random_() % 6);
    if (round == 30) AddDocument(9000);  // more than two segments
    if (round % 7 == 0) last_passage_ += random_() % 50;  // of documents that were not stored
    Commit();
    RemoveAtRandom(round % 9 == 0 ? 2 : 40);
    if (round % 3 == 0) ASSERT_NO_FATAL_FAILURE(MergeAll());
    ASSERT_NO_FATAL_FAILURE(Compare()) << "round " << round;
  }
}

TEST_F(PostingIndexTest, AnyNumberAndAnyLengthFits) {
  for (const uint32_t halves : {1u, 14u, 15u, 16u, 70'000u, 14u, 15u}) {
    PlainPassage passage;
    passage.document = DocumentId{++last_document_};
    passage.halves = {{Term(1), halves}, {Term(2), 2}};
    if (halves != 14) passage.halves[Term(3)] = 30 - std::min(halves, 29u);
    passage.length = halves + 5000;
    builder_.Add(passage.document, PassageId{++last_passage_}, CountsOf(passage));
    Commit();
    plain_.Add(PassageId{last_passage_}, passage);
  }
  const std::vector<TermId> terms{Term(3), Term(1), Term(2)};
  ExpectSame(Search(index_, terms), plain_.Search(terms));
  index_.Remove(std::vector{PassageId{5}, PassageId{5}, PassageId{99}});
  plain_.Remove(PassageId{5});
  index_.Replace(index_.View()->parts, PostingIndex::Merge(index_.View()->parts));
  EXPECT_EQ(index_.View()->parts.size(), 1u);
  ExpectSame(Search(index_, terms), plain_.Search(terms));
}

TEST_F(PostingIndexTest, PartsAreScoredAlone) {
  AddDocument(10'000);
  Commit();
  const std::vector<TermId> terms = RandomTerms();
  const PostingQuery query(index_.View(), terms);
  ASSERT_EQ(query.part_count(), 3u);
  std::vector<LexicalHit> hits;
  for (size_t part = 0; part < 3; ++part) query.Score(part, part + 1, &hits);
  ExpectSame(hits, plain_.Search(terms));
}

TEST_F(PostingIndexTest, AViewStaysAsItWas) {
  AddDocument(100);
  Commit();
  const std::vector<TermId> terms{Term(1), Term(2)};
  const auto before = Search(index_, terms);
  const std::shared_ptr<const PostingView> view = index_.View();
  AddDocument(50);
  Commit();
  RemoveAtRandom(3);
  MergeAll();
  std::vector<LexicalHit> hits;
  const PostingQuery query(view, terms);
  query.Score(0, query.part_count(), &hits);
  ExpectSame(hits, before);
  Compare();
}

TEST_F(PostingIndexTest, PassagesOneByOneEndInFewSegmentsAtLittleCopying) {
  constexpr uint32_t kCount = 10'000;
  size_t most = 0;
  for (uint32_t i = 0; i < kCount; ++i) {
    AddDocument(1, 8);
    Commit();
    ASSERT_NO_FATAL_FAILURE(MergeAll());
    most = std::max(most, index_.View()->parts.size());
  }
  EXPECT_LE(most, 32u);
  EXPECT_LE(copied_, uint64_t{kCount} * 40);
  Compare();
}

TEST_F(PostingIndexTest, SegmentsOfTheDeadAreMadeAnewOrGo) {
  AddDocument(4096);
  AddDocument(4096);
  Commit();
  std::vector<PassageId> gone;
  for (uint32_t id = 1; id <= 1000; ++id) gone.push_back(PassageId{id});
  index_.Remove(gone);
  EXPECT_TRUE(index_.PartsToMerge().empty());
  gone.clear();
  for (uint32_t id = 1001; id <= 1100; ++id) gone.push_back(PassageId{id});
  index_.Remove(gone);
  const size_t bytes = index_.memory_bytes();
  MergeAll();
  EXPECT_LT(index_.memory_bytes(), bytes);
  EXPECT_TRUE(index_.Has(PassageId{1101}));
  EXPECT_FALSE(index_.Has(PassageId{1100}));
  gone.clear();
  for (uint32_t id = 4097; id <= 8192; ++id) gone.push_back(PassageId{id});
  index_.Remove(gone);
  EXPECT_EQ(index_.View()->parts.size(), 1u);
}

TEST_F(PostingIndexTest, WhatIsRemovedDuringAMergeStaysRemoved) {
  for (int i = 0; i < 8; ++i) {
    AddDocument(50);
    Commit();
  }
  RemoveAtRandom(20);
  const std::vector<PostingPart> parts = index_.PartsToMerge();
  ASSERT_EQ(parts.size(), 8u);
  RemoveAtRandom(3);
  PostingSegmentPtr merged = PostingIndex::Merge(parts);
  RemoveAtRandom(3);
  index_.Replace(parts, merged);
  EXPECT_EQ(index_.View()->parts.size(), 1u);
  Compare();
  // A merge of what is not there any more.
  index_.Replace(parts, merged);
  Compare();
  index_.Clear();
  index_.Replace(parts, merged);
  EXPECT_EQ(index_.passage_count(), 0u);
  EXPECT_TRUE(Search(index_, {Term(1)}).empty());
}

// Under ThreadSanitizer this says that views need no lock.
TEST_F(PostingIndexTest, IsSearchedWhileItChanges) {
  AddDocument(2000, 20);
  Commit();
  const std::vector<TermId> terms{Term(1), Term(2), Term(3), Term(50)};
  std::mutex mutex;  // of what is shown alone
  std::shared_ptr<const PostingView> shown = index_.View();
  const auto latest = [&] {
    const std::lock_guard lock(mutex);
    return shown;
  };
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> found = 0;
  std::vector<std::thread> searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&] {
      while (!stop || found == 0) {
        const PostingQuery query(latest(), terms);
        std::vector<LexicalHit> hits;
        query.Score(0, query.part_count(), &hits);
        const std::vector<uint32_t> counts = query.CountDocuments(4);
        found += hits.size() + counts[0];
      }
    });
  }
  for (int round = 0; round < 60; ++round) {
    AddDocument(random_() % 80, 20);
    Commit();
    RemoveAtRandom(30);
    MergeAll();
    std::shared_ptr<const PostingView> view = index_.View();
    const std::lock_guard lock(mutex);
    shown = std::move(view);
  }
  stop = true;
  for (std::thread& searcher : searchers) searcher.join();
  EXPECT_GT(found, 0u);
  Compare();
}

}  // namespace
}  // namespace lodestone
