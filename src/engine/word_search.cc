#include "engine/word_search.h"

#include <algorithm>
#include <utility>

#include "index/posting_index.h"
#include "store/word_reader.h"

namespace lodestone {
namespace {

// Handing over less than a millisecond or two of work gains little.
constexpr size_t kPostingsPerShard = 100'000;

using Finished = std::shared_ptr<const std::atomic<bool>>;
using Done = std::function<void(WordHits)>;

// The terms in few documents, unless that is all of them.
std::vector<std::string> RareTerms(const std::vector<std::string>& terms, const std::vector<uint32_t>& document_counts) {
  std::vector<std::string> rare;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (document_counts[i] > 0 && document_counts[i] <= kRareDocuments) rare.push_back(terms[i]);
  }
  if (rare.size() == terms.size()) rare.clear();
  return rare;
}

// A query's terms as the index has them.
struct Terms {
  static constexpr size_t kNone = SIZE_MAX;
  std::vector<TermId> ids;         // no stem twice
  std::vector<size_t> id_of_term;  // by term of the query
  bool has_phrase = false;         // a term of several words
};

Terms ReadTerms(const std::vector<std::string>& texts) {
  Terms terms;
  terms.id_of_term.resize(texts.size(), Terms::kNone);
  const WordReader& reader = WordReader::OfThisThread();
  for (size_t i = 0; i < texts.size() && terms.ids.size() < kMaxScoredTerms; ++i) {
    const std::vector<std::string> stems = reader.StemsOf(texts[i]);
    terms.has_phrase |= stems.size() > 1;
    if (stems.size() != 1) continue;
    const TermId id = TermOf(stems[0]);
    const auto found = std::find(terms.ids.begin(), terms.ids.end(), id);
    terms.id_of_term[i] = static_cast<size_t>(found - terms.ids.begin());
    if (found == terms.ids.end()) terms.ids.push_back(id);
  }
  return terms;
}

void SearchStore(EngineContext* context, std::vector<std::string> terms, Finished finished, Done done) {
  context->OnStorage<WordHits>(
      Priority::kInteractive,
      [terms = std::move(terms), finished = std::move(finished)](Store& store) {
        WordHits words;
        if (*finished) return words;  // superseded while it waited
        ParsedQuery query;
        query.terms = terms;
        Result<LexicalResult> found = store.SearchLexical(query, FilterResult{});
        words.status = found.status();
        if (!found.ok()) return words;
        words.hits = std::move(found.value().hits);
        query.terms = RareTerms(terms, found.value().term_document_counts);
        if (query.terms.empty()) return words;
        Result<LexicalResult> rare = store.SearchLexical(query, FilterResult{});
        if (rare.ok()) words.rare = std::move(rare.value().hits);
        return words;
      },
      std::move(done));
}

// One search of the words in memory. Shared by the pieces of it.
struct Scoring {
  EngineContext* context;
  std::vector<std::string> terms;
  Finished finished;
  Done done;
  std::shared_ptr<const PostingView> view;
  std::unique_ptr<PostingQuery> query;
  bool needs_store = false;
  std::vector<std::vector<LexicalHit>> shards;
  std::atomic<size_t> shards_left = 0;
  WordHits words;
};
using ScoringPtr = std::shared_ptr<Scoring>;

// Thread: any.
void Deliver(const ScoringPtr& scoring) {
  scoring->context->platform.loop->Post(Priority::kInteractive, [scoring] {
    EngineContext* const context = scoring->context;
    --context->compute_tasks;
    if (scoring->needs_store) {
      SearchStore(context, std::move(scoring->terms), std::move(scoring->finished), std::move(scoring->done));
    } else {
      scoring->done(std::move(scoring->words));
    }
    context->TaskEnded();
  });
}

// Thread: compute.
void ScoreShard(const ScoringPtr& scoring, size_t shard) {
  const size_t parts = scoring->query->part_count();
  const size_t shards = scoring->shards.size();
  if (!*scoring->finished) {
    scoring->query->Score(parts * shard / shards, parts * (shard + 1) / shards, &scoring->shards[shard]);
  }
  if (scoring->shards_left.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  std::vector<LexicalHit>& hits = scoring->words.hits;
  hits = std::move(scoring->shards[0]);
  for (size_t i = 1; i < shards; ++i) hits.insert(hits.end(), scoring->shards[i].begin(), scoring->shards[i].end());
  Deliver(scoring);
}

// Thread: compute.
void BeginScoring(const ScoringPtr& scoring) {
  const Terms terms = ReadTerms(scoring->terms);
  scoring->needs_store = terms.has_phrase;
  if (*scoring->finished || terms.has_phrase || terms.ids.empty()) return Deliver(scoring);
  scoring->query = std::make_unique<PostingQuery>(scoring->view, terms.ids);
  const std::vector<uint32_t> counts = scoring->query->CountDocuments(kRareDocuments + 1);
  std::vector<uint32_t> counts_of_terms;
  for (const size_t id : terms.id_of_term) counts_of_terms.push_back(id == Terms::kNone ? 0 : counts[id]);
  const std::vector<std::string> rare = RareTerms(scoring->terms, counts_of_terms);
  if (!rare.empty()) {
    const PostingQuery query(scoring->view, ReadTerms(rare).ids);
    query.Score(0, query.part_count(), &scoring->words.rare);
  }
  Executor* const compute = scoring->context->platform.compute;
  const size_t wanted = std::min(scoring->query->posting_count() / kPostingsPerShard + 1, scoring->query->part_count());
  const size_t shards = std::clamp<size_t>(wanted, 1, static_cast<size_t>(compute->thread_count()));
  scoring->shards.resize(shards);
  scoring->shards_left = shards;
  for (size_t shard = 1; shard < shards; ++shard) {
    compute->Post(Priority::kInteractive, [scoring, shard] { ScoreShard(scoring, shard); });
  }
  ScoreShard(scoring, 0);
}

}  // namespace

void SearchWords(EngineContext* context, std::vector<std::string> terms, Finished finished, Done done) {
  if (!context->library.has_all_words()) {
    return SearchStore(context, std::move(terms), std::move(finished), std::move(done));
  }
  auto scoring = std::make_shared<Scoring>();
  scoring->context = context;
  scoring->terms = std::move(terms);
  scoring->finished = std::move(finished);
  scoring->done = std::move(done);
  scoring->view = context->library.words().View();
  ++context->compute_tasks;
  context->platform.compute->Post(Priority::kInteractive, [scoring] { BeginScoring(scoring); });
}

void KeepAllowed(const FilterResult& filter, std::vector<LexicalHit>* hits) {
  if (!filter.restricts) return;
  auto allowed = filter.allowed.begin();
  std::erase_if(*hits, [&](const LexicalHit& hit) {
    while (allowed != filter.allowed.end() && *allowed < hit.passage) ++allowed;
    return allowed == filter.allowed.end() || *allowed != hit.passage;
  });
}

}  // namespace lodestone
