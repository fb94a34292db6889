#include "engine/search.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/result_builder.h"
#include "engine/search_run.h"
#include "engine/token_windows.h"
#include "engine/word_search.h"
#include "text/chunk.h"

namespace lodestone {
namespace {

constexpr uint32_t kMaxTop = 1000;
constexpr size_t kAlwaysShown = 10;
// Sentences that are embedded to find the best one of each result.
constexpr size_t kSentenceLimit = 256;
// What the page takes to draw an answer that somebody has typed for.
constexpr double kDrawMs = 25;

}  // namespace

void Search::Start(RequestId id, const protocol::Search& request, Done done) {
  if (!request.group.empty()) {
    std::vector<RunPtr> older;
    for (const auto& [other_id, run] : runs_) {
      if (run->request.group == request.group) older.push_back(run);
    }
    for (const RunPtr& run : older) {
      Finish(run, Status(StatusCode::kCancelled, "A newer search took this one's place."));
    }
  }
  auto run = std::make_shared<Run>();
  run->id = id;
  run->request = request;
  run->request.top = std::clamp<uint32_t>(request.top == 0 ? 10 : request.top, 1, kMaxTop);
  run->done = std::move(done);
  run->started_ms = NowMs();
  run->mode = request.mode == protocol::SearchMode::kLexical    ? FusionMode::kLexical
              : request.mode == protocol::SearchMode::kSemantic ? FusionMode::kSemantic
                                                                : FusionMode::kHybrid;
  runs_[id] = run;
  Result<ParsedQuery> parsed = ParseQuery(request.text);
  if (!parsed.ok()) return Finish(run, parsed.status());
  run->query = std::move(parsed).value();
  if (run->query.empty()) return Finish(run, ResultBuilder::Empty(request));

  context_->HoldBulk();
  run->holds_bulk = true;
  run->complete = library_complete ? library_complete() : true;
  const bool can_embed = context_->best_model().ready();
  if (run->mode != FusionMode::kLexical && !can_embed) {
    run->complete = false;
    if (run->mode == FusionMode::kSemantic) {
      return Finish(run, Status(StatusCode::kUnavailable,
                                "The model is not loaded yet. Search by words, or try again in a moment."));
    }
    run->note = "The model is still loading: these results are by words only.";
  }
  run->waiting_for = 1;
  if (run->query.has_filters()) Filter(run);
  // Filters aside: the scores' mean and deviation are over the whole library.
  if (!run->query.terms.empty()) Words(run);
  if (run->mode != FusionMode::kLexical && can_embed && !run->query.scored_text.empty()) EmbedQuery(run);
  Arrived(run);
}

void Search::Cancel(RequestId id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  const RunPtr run = found->second;
  Finish(run, Status(StatusCode::kCancelled, "The search was cancelled."));
}

void Search::Filter(RunPtr run) {
  ++run->waiting_for;
  context_->OnStorage<Result<FilterResult>>(
      Priority::kInteractive,
      [query = run->query, finished = run->finished](Store& store) {
        return *finished ? FilterResult{} : store.Filter(query);  // superseded while it waited
      },
      [this, run](Result<FilterResult> filter) {
        if (filter.ok()) run->filter = std::move(filter).value();
        else run->status = filter.status();
        Arrived(run);
      });
}

void Search::Words(RunPtr run) {
  ++run->waiting_for;
  SearchWords(context_, run->query.terms, run->finished, [this, run, begun_ms = NowMs()](WordHits words) {
    run->parts.words_ms = NowMs() - begun_ms;
    if (!words.status.ok()) run->status = words.status;
    run->words = std::move(words);
    Arrived(run);
  });
}

void Search::Arrived(RunPtr run) {
  if (--run->waiting_for > 0 || *run->finished) return;
  if (!run->status.ok()) return Finish(run, run->status);
  KeepAllowed(run->filter, &run->words.rare);
  if (!run->meanings.empty() && run->meanings[0]->graph) return ScoreWordHits(run, run->meanings[0]);
  Rank(run);
}

void Search::Rank(RunPtr run) {
  Library& library = context_->library;
  const bool walked = !run->meanings.empty() && run->meanings[0]->graph;
  for (uint32_t i = 0; i < run->meanings.size(); ++i) {
    Meaning& meaning = *run->meanings[i];
    const Tier* tier = library.FindTier(meaning.model_id);
    // The library may have been cleared or the model changed since the scan.
    if (!meaning.index || !tier || tier->index != meaning.index) continue;
    meaning.scores.tier = tier;
    meaning.scores.model = i;
    run->semantic.push_back(std::move(meaning.scores));
  }
  AlignScales(library, &run->semantic);
  FusionInput input;
  input.mode = run->mode;
  input.library = &library;
  input.lexical = run->words.hits;
  input.semantic = run->semantic;
  const auto meaning_of = [&](uint32_t channel) -> Meaning& { return *run->meanings[run->semantic[channel].model]; };
  // The last has seen most, or is the only one.
  input.semantic_weight =
      run->semantic.empty() ? 0.0f : meaning_of(static_cast<uint32_t>(run->semantic.size()) - 1).fusion_weight;
  input.filter = &run->filter;
  // With nothing to score by (filters alone), every allowed passage ranks equal, in order.
  if (run->query.terms.empty() && run->semantic.empty()) input.mode = FusionMode::kHybrid;

  const size_t top = run->request.top;
  size_t count = std::max<size_t>(64, top * 4);
  for (;;) {
    std::vector<FusedHit> hits = Fuse(input, count);
    for (FusedHit& hit : hits) {
      if (!hit.has_similarity || run->semantic.empty()) continue;
      // The int8 estimate chose the candidates; their f16 values rank them.
      const Meaning& meaning = meaning_of(hit.channel);
      const SemanticScores& scores = run->semantic[hit.channel];
      const float exact = meaning.index->Rescore(meaning.query, scores.tier->row(hit.passage));
      const float before = hit.similarity;
      hit.similarity = exact;
      hit.is_near = exact >= meaning.similarity_floor;
      if (run->mode == FusionMode::kSemantic) hit.score = OnFirstScale(run->semantic, hit.channel, exact);
      if (run->mode == FusionMode::kHybrid) {
        const ScoreScale& scale = scores.scale;
        hit.score += input.semantic_weight * static_cast<float>(scale.Normalise(exact) - scale.Normalise(before));
      }
    }
    const bool all = hits.size() < count;
    run->ranked = GroupByDocument(std::move(hits), library, top);
    if (all || run->ranked.size() >= top) break;
    count *= 4;
  }
  if (run->ranked.size() < std::min<size_t>(top, library.document_count()) && walked) return ScanInstead(run);
  // Someone looks for that very word. A long question has many rare words by chance: there, promising a
  // place to each would push out what answers it (MEDLINE: nDCG@10 of 0.485 instead of 0.764).
  std::set<DocumentId> rare_documents;
  for (const LexicalHit& hit : run->words.rare) rare_documents.insert(library.document_of(hit.passage));
  if (run->mode == FusionMode::kHybrid && !run->words.rare.empty() && rare_documents.size() <= kRareDocuments) {
    EnsureShown(run->words.rare, library, std::min(top, kAlwaysShown), &run->ranked);
  }
  LoadTexts(run);
}

void Search::LoadTexts(RunPtr run) {
  std::vector<PassageId> passages;
  for (const RankedDocument& document : run->ranked) {
    for (const FusedHit& hit : document.passages) passages.push_back(hit.passage);
  }
  // A model that is quick enough finds the best sentence by meaning; else the words decide.
  ModelSlot& slot = context_->instant.ready() ? context_->instant : context_->larger;
  std::shared_ptr<SentencePicker> picker;
  if (!run->semantic.empty() && slot.ready() && slot.model().instant && passages.size() <= kSentenceLimit / 4) {
    picker = std::make_shared<SentencePicker>(SentencePicker{.tokenizer = slot.tokenizer, .model = slot.model()});
  }
  struct Loaded {
    Status status;
    std::vector<PassageText> texts;
    std::vector<std::vector<WordMatch>> matches;
  };
  context_->OnStorage<Loaded>(
      Priority::kInteractive,
      [passages = std::move(passages), query = run->query, picker](Store& store) {
        Loaded loaded;
        Result<std::vector<PassageText>> texts = store.LoadPassages(passages);
        if (!texts.ok()) {
          loaded.status = texts.status();
          return loaded;
        }
        loaded.texts = std::move(texts).value();
        for (const PassageText& text : loaded.texts) loaded.matches.push_back(store.MatchWords(query, text.text));
        // Here, as it takes milliseconds that the coordinator does not have.
        if (picker) picker->Prepare(query.scored_text, loaded.texts);
        return loaded;
      },
      [this, run, picker, begun_ms = NowMs()](Loaded loaded) {
        run->parts.texts_ms = NowMs() - begun_ms;
        if (*run->finished) return;
        if (!loaded.status.ok()) return Finish(run, loaded.status);
        run->texts = std::move(loaded.texts);
        run->matches = std::move(loaded.matches);
        if (!picker || picker->places.empty()) return Answer(run);
        PickSentences(run, picker);
      });
}

void Search::SentencePicker::Prepare(std::string_view query, const std::vector<PassageText>& texts) {
  tokens.push_back(QueryTokens(*tokenizer, model, query));
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const ByteRange& range : TellingSentences(texts[i].text)) {
      if (places.size() == kSentenceLimit) break;
      places.push_back({i, range});
      tokens.push_back(QueryTokens(*tokenizer, model, texts[i].text.substr(range.start, range.end - range.start)));
    }
  }
}

void Search::PickSentences(RunPtr run, std::shared_ptr<SentencePicker> picker) {
  // Another model may have taken its place meanwhile.
  ModelSlot& slot = context_->instant.ready() ? context_->instant : context_->larger;
  if (!slot.ready() || slot.model().id != picker->model.id) return Answer(run);
  const size_t dimension = picker->model.dimension;
  slot.embedder.EmbedNow(std::move(picker->tokens), [this, run, picker, dimension,
                                                     begun_ms = NowMs()](Result<std::vector<float>> vectors) {
    run->parts.texts_ms += NowMs() - begun_ms;
    if (*run->finished) return;
    if (vectors.ok()) {
      const float* query = vectors.value().data();
      std::unordered_map<size_t, float> best;
      for (size_t i = 0; i < picker->places.size(); ++i) {
        const float* vector = query + (i + 1) * dimension;
        const float similarity = std::inner_product(query, query + dimension, vector, 0.0f);
        const SentencePicker::Place& place = picker->places[i];
        const auto found = best.find(place.text);
        if (found != best.end() && found->second >= similarity) continue;
        best[place.text] = similarity;
        run->texts[place.text].best_sentence = {place.range.start, place.range.end};
      }
    }
    Answer(run);
  });
}

void Search::Answer(RunPtr run) {
  ResultBuilder builder;
  builder.query = &run->query;
  builder.mode = run->mode;
  builder.has_words = !run->words.hits.empty();
  builder.has_meaning = !run->semantic.empty();
  protocol::SearchReply reply = builder.Build(run->request, run->ranked, run->texts, run->matches);
  reply.complete = run->complete;
  if (reply.note.empty()) reply.note = run->note;
  reply.ms = NowMs() - run->started_ms;
  reply.parts = run->parts;
  Finish(run, std::move(reply));
}

void Search::Finish(const RunPtr& run, Result<protocol::SearchReply> reply) {
  if (*run->finished) return;
  *run->finished = true;
  runs_.erase(run->id);
  if (run->holds_bulk) {
    // Of those who type there is one, and no faster than fingers: what is held back for them has its turn.
    const bool is_drawn = !run->request.group.empty() && reply.ok();
    if (is_drawn) context_->platform.loop->PostDelayed(kDrawMs, [this] { context_->ReleaseBulk(); }, "ReleaseBulk");
    else context_->ReleaseBulk();
  }
  run->done(std::move(reply));
}

}  // namespace lodestone
