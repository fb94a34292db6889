// Lexical search at 100,000 passages: the words in memory and the full-text index, one after the other on the
// same queries, and what it takes to have the words in memory.
//   lodestone_words_bench [PASSAGES] [THREADS] [VOCABULARY]
// Not a test: built by name, read by a person.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "index/posting_index.h"
#include "store/store.h"
#include "store/word_reader.h"
#include "tests/bench/made_texts.h"

namespace lodestone {
namespace {

using bench::MakeDocument;
using bench::NowMs;
using bench::WordOf;
using bench::Zipf;

constexpr uint32_t kWordsPerPassage = 150;
constexpr uint32_t kPassagesPerDocument = 4;
constexpr uint32_t kStopWords = 100;  // the most frequent ones: no query is of them
constexpr int kQueries = 60;
constexpr int kRepetitions = 5;  // the best counts: a shared machine takes turns away

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

int Main(uint32_t passage_count, int thread_count, uint32_t vocabulary) {
  const Zipf zipf(vocabulary);
  std::mt19937 random(1);
  auto store = Store::Open(":memory:").value();
  PostingIndex index;
  double storing_ms = 0;
  double counting_ms = 0;
  double building_ms = 0;
  std::vector<PassageId> passages;
  for (uint32_t made = 0; made < passage_count;) {
    std::vector<NewDocument> documents;
    for (int i = 0; i < 250 && made < passage_count; ++i) {
      documents.push_back(MakeDocument("d" + std::to_string(made), kPassagesPerDocument, kWordsPerPassage, zipf, random));
      made += kPassagesPerDocument;
    }
    double start = NowMs();
    const auto stored = store->AddDocuments(documents, 10, {});
    storing_ms += NowMs() - start;
    start = NowMs();
    std::vector<WordCounts> words(documents.size());
    for (size_t i = 0; i < documents.size(); ++i) {
      const NewDocument& document = documents[i];
      for (const Passage& passage : document.passages) {
        WordReader::OfThisThread().Count(
            std::string_view(document.document.text).substr(passage.start, passage.end - passage.start),
            ContextOf(document.document.title, passage.heading_path), &words[i]);
      }
    }
    counting_ms += NowMs() - start;
    start = NowMs();
    PostingBuilder builder;
    for (size_t i = 0; i < documents.size(); ++i) {
      builder.Add(stored[i].value().document, stored[i].value().first_passage, words[i]);
      for (uint32_t p = 0; p < kPassagesPerDocument; ++p) passages.push_back({stored[i].value().first_passage.value + p});
    }
    for (PostingSegmentPtr& segment : builder.Finish()) index.Add(std::move(segment));
    building_ms += NowMs() - start;
  }
  double merging_ms = 0;
  double longest_merge_ms = 0;
  for (;;) {
    const auto parts = index.PartsToMerge();
    if (parts.empty()) break;
    const double start = NowMs();
    index.Replace(parts, PostingIndex::Merge(parts));
    merging_ms += NowMs() - start;
    longest_merge_ms = std::max(longest_merge_ms, NowMs() - start);
  }
  const double count = passage_count;
  std::printf("%u passages of %u words out of %u: %zu segments, %.0f bytes a passage\n", passage_count, kWordsPerPassage, vocabulary,
              index.View()->parts.size(), static_cast<double>(index.memory_bytes()) / count);
  std::printf("us a passage: storing %.1f, counting words %.1f, building %.1f, merging %.1f (longest merge %.1f ms)\n",
              storing_ms * 1000 / count, counting_ms * 1000 / count, building_ms * 1000 / count,
              merging_ms * 1000 / count, longest_merge_ms);
  double start = NowMs();
  size_t bytes = 0;
  for (size_t i = 0; i < passages.size(); i += 256) {
    const auto some = std::span(passages).subspan(i, std::min<size_t>(256, passages.size() - i));
    const auto texts = store->LoadPassages(some);
    for (const PassageText& text : texts.value()) bytes += text.text.size();
  }
  std::printf("us a passage: reading texts at rest %.1f (%.0f bytes)\n", (NowMs() - start) * 1000 / count,
              static_cast<double>(bytes) / count);

  for (const int term_count : {4, 8, 16}) {
    std::vector<double> ours, split, fts;
    double postings = 0;
    double hits = 0;
    for (int q = 0; q < kQueries; ++q) {
      ParsedQuery query;
      while (query.terms.size() < static_cast<size_t>(term_count)) {
        const uint32_t number = zipf(random);
        if (number < kStopWords) continue;
        const std::string word = WordOf(number);
        if (std::find(query.terms.begin(), query.terms.end(), word) == query.terms.end()) query.terms.push_back(word);
      }
      const auto run = [&](int threads) {
        std::vector<TermId> terms;
        for (const std::string& term : query.terms) terms.push_back(TermOf(WordReader::OfThisThread().StemsOf(term).at(0)));
        std::sort(terms.begin(), terms.end());
        terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
        const PostingQuery scored(index.View(), terms);
        (void)scored.CountDocuments(4);
        std::vector<std::vector<LexicalHit>> found(static_cast<size_t>(threads));
        std::vector<std::thread> others;
        const auto shard = [&](int i) {
          const size_t parts = scored.part_count();
          scored.Score(parts * i / threads, parts * (i + 1) / threads, &found[static_cast<size_t>(i)]);
        };
        for (int i = 1; i < threads; ++i) others.emplace_back(shard, i);
        shard(0);
        for (std::thread& other : others) other.join();
        size_t sum = 0;
        for (const auto& some : found) sum += some.size();
        postings += threads == 1 ? static_cast<double>(scored.posting_count()) / (kQueries * kRepetitions) : 0;
        return sum;
      };
      const auto best_of = [](const std::function<void()>& work) {
        double best = INFINITY;
        for (int i = 0; i < kRepetitions; ++i) {
          const double began = NowMs();
          work();
          best = std::min(best, NowMs() - began);
        }
        return best;
      };
      size_t found = 0;
      ours.push_back(best_of([&] { found = run(1); }));
      split.push_back(best_of([&] { run(thread_count); }));
      fts.push_back(best_of([&] { (void)store->SearchLexical(query, {}); }));
      hits += static_cast<double>(found) / kQueries;
    }
    std::printf("%2d words (%.0f postings, %.0f hits): in memory p50 %.2f p95 %.2f ms; on %d threads p50 %.2f p95 %.2f ms; "
                "full-text index p50 %.1f p95 %.1f ms; ratio p50 %.0f p95 %.0f\n",
                term_count, postings, hits, Percentile(ours, 0.5), Percentile(ours, 0.95), thread_count,
                Percentile(split, 0.5), Percentile(split, 0.95), Percentile(fts, 0.5), Percentile(fts, 0.95),
                Percentile(fts, 0.5) / Percentile(ours, 0.5), Percentile(fts, 0.95) / Percentile(ours, 0.95));
  }
  return 0;
}

}  // namespace
}  // namespace lodestone

int main(int argument_count, char** arguments) {
  const auto number = [&](int i, int otherwise) { return argument_count > i ? std::atoi(arguments[i]) : otherwise; };
  return lodestone::Main(static_cast<uint32_t>(number(1, 100'000)), number(2, 2), static_cast<uint32_t>(number(3, 50'000)));
}
