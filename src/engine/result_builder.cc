#include "engine/result_builder.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "text/chunk.h"
#include "text/highlight.h"

namespace lodestone {
namespace {

constexpr size_t kPassagesPerDocument = 3;
constexpr size_t kMaxMatches = 4096;
constexpr size_t kMaxWords = 32;

// The sentence that the query's words point to; empty where none of them stands in the text.
ByteRange BestSentenceByWords(const std::string& text, const std::vector<WordMatch>& matches) {
  if (matches.empty()) return {};
  std::vector<TermMatch> terms;
  terms.reserve(matches.size());
  for (const WordMatch& match : matches) terms.push_back({{match.start, match.end}, match.term});
  const ByteRange best = BestSentence(TellingSentences(text), terms);
  const bool has_match = std::any_of(terms.begin(), terms.end(), [&](const TermMatch& match) {
    return match.range.start >= best.start && match.range.end <= best.end;
  });
  return has_match ? best : BestSentence(SplitSentences(text), terms);  // only a heading has the words
}

}  // namespace

std::vector<RankedDocument> GroupByDocument(std::vector<FusedHit> hits, const Library& library, size_t top) {
  std::stable_sort(hits.begin(), hits.end(), [](const FusedHit& a, const FusedHit& b) { return a.score > b.score; });
  std::vector<RankedDocument> ranked;
  std::unordered_map<DocumentId, size_t> place;
  for (const FusedHit& hit : hits) {
    const auto [found, is_new] = place.emplace(hit.document, ranked.size());
    if (is_new) ranked.push_back({hit.document, hit.score, {}});
    RankedDocument& document = ranked[found->second];
    if (document.passages.size() < kPassagesPerDocument) document.passages.push_back(hit);
  }
  auto path = [&](const RankedDocument& document) -> const std::string& {
    static const std::string none;
    const DocumentRecord* record = library.FindDocument(document.document);
    return record ? record->path : none;
  };
  std::stable_sort(ranked.begin(), ranked.end(), [&](const RankedDocument& a, const RankedDocument& b) {
    return a.score != b.score ? a.score > b.score : path(a) < path(b);
  });
  if (ranked.size() > top) ranked.resize(top);
  return ranked;
}

void EnsureShown(const std::vector<LexicalHit>& hits, const Library& library, size_t places,
                 std::vector<RankedDocument>* ranked) {
  places = std::min(places, ranked->size());
  if (places == 0) return;
  std::unordered_map<DocumentId, LexicalHit> wanted;  // each document's best hit
  for (const LexicalHit& hit : hits) {
    const DocumentId document = library.document_of(hit.passage);
    if (document.value == 0) continue;
    LexicalHit& best = wanted[document];
    if (hit.score > best.score) best = hit;
  }
  for (size_t i = 0; i < places; ++i) wanted.erase((*ranked)[i].document);
  std::vector<std::pair<DocumentId, LexicalHit>> missing(wanted.begin(), wanted.end());
  std::sort(missing.begin(), missing.end(), [](const auto& a, const auto& b) {
    return a.second.score != b.second.score ? a.second.score > b.second.score : a.first < b.first;
  });
  std::set<DocumentId> exact;
  for (const LexicalHit& hit : hits) exact.insert(library.document_of(hit.passage));
  // The lowest places that no other exact hit holds give way, one for each that is missing.
  std::vector<size_t> giving;
  for (size_t place = places; place-- > 0 && giving.size() < missing.size();) {
    if (!exact.contains((*ranked)[place].document)) giving.push_back(place);
  }
  missing.resize(giving.size());
  const size_t limit = ranked->size();
  const float lowest = (*ranked)[places - 1].score;
  std::vector<RankedDocument> shown, displaced, rest;
  for (size_t place = 0; place < places; ++place) {
    const bool gives = std::find(giving.begin(), giving.end(), place) != giving.end();
    (gives ? displaced : shown).push_back(std::move((*ranked)[place]));
  }
  for (size_t place = places; place < limit; ++place) rest.push_back(std::move((*ranked)[place]));
  for (const auto& [missing_id, hit] : missing) {
    RankedDocument entry;
    entry.document = missing_id;
    const auto later = std::find_if(rest.begin(), rest.end(), [&entry](const RankedDocument& d) { return d.document == entry.document; });
    if (later != rest.end()) {
      entry.passages = std::move(later->passages);
      rest.erase(later);
    } else {
      FusedHit fused;
      fused.passage = hit.passage;
      fused.document = missing_id;
      fused.lexical = hit.score;
      entry.passages.push_back(fused);
    }
    // Raised to the last of these places, so that scores still fall from rank to rank.
    entry.score = entry.passages[0].score = lowest;
    shown.push_back(std::move(entry));
  }
  for (RankedDocument& document : displaced) document.score = std::min(document.score, lowest);
  ranked->clear();
  for (auto* part : {&shown, &displaced, &rest}) {
    for (RankedDocument& document : *part) {
      if (ranked->size() < limit) ranked->push_back(std::move(document));
    }
  }
}

protocol::SearchReply ResultBuilder::Empty(const protocol::Search& request) {
  protocol::SearchReply reply;
  reply.text = request.text;
  reply.mode = request.mode;
  reply.complete = true;
  return reply;
}

protocol::SearchReply ResultBuilder::Build(const protocol::Search& request,
                                           const std::vector<RankedDocument>& ranked,
                                           const std::vector<PassageText>& texts,
                                           const std::vector<std::vector<WordMatch>>& matches) const {
  protocol::SearchReply reply = Empty(request);
  std::unordered_map<PassageId, size_t> place;
  for (size_t i = 0; i < texts.size(); ++i) place[texts[i].passage] = i;
  bool any_similar = false;
  for (const RankedDocument& document : ranked) {
    protocol::DocumentHit hit;
    hit.score = document.score;
    std::set<uint32_t> terms;
    for (const FusedHit& fused : document.passages) {
      const auto found = place.find(fused.passage);
      if (found == place.end()) continue;  // removed meanwhile
      const PassageText& text = texts[found->second];
      hit.path = text.path;
      hit.title = text.title;
      protocol::PassageHit passage;
      passage.start = text.start;
      passage.end = text.end;
      passage.text = text.text;
      passage.heading_path = text.heading_path;
      passage.score = fused.score;
      passage.lexical_score = fused.lexical;
      passage.similarity = fused.similarity;
      passage.has_similarity = fused.has_similarity;
      any_similar |= fused.has_similarity && fused.is_near;
      const std::vector<WordMatch>& words = matches[found->second];
      for (const WordMatch& match : words) {
        if (passage.matches.size() < kMaxMatches) passage.matches.push_back({text.start + match.start, text.start + match.end});
        terms.insert(match.term);
      }
      ByteRange best{text.best_sentence.first, text.best_sentence.second};
      if (best.end == 0) best = BestSentenceByWords(text.text, words);
      // All offsets of a hit are into the document's stored text.
      if (best.end > 0) passage.best_sentence = {text.start + best.start, text.start + best.end};
      hit.passages.push_back(std::move(passage));
    }
    if (hit.passages.empty()) continue;
    for (uint32_t term : terms) {
      if (term < query->terms.size() && hit.matched_words.size() < kMaxWords) {
        hit.matched_words.push_back(query->terms[term]);
      }
    }
    hit.rank = static_cast<uint32_t>(reply.results.size() + 1);
    reply.results.push_back(std::move(hit));
  }
  // Filters alone ask for a list, which is always a good match.
  const bool scored = !query->terms.empty() || !query->scored_text.empty();
  reply.no_good_match = scored && !has_words && !(has_meaning && any_similar);
  if (reply.no_good_match && !reply.results.empty()) {
    reply.note = "No good match. These are the nearest passages.";
  }
  return reply;
}

}  // namespace lodestone
