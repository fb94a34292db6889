#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/result_builder.h"
#include "engine/search.h"
#include "engine/word_search.h"
#include "text/chunk.h"

namespace lodestone {

// One model's part: the query as its vector, and the similarity of all that it has vectors of.
struct Search::Meaning {
  std::string model_id;
  float fusion_weight = 0;
  float similarity_floor = 0;
  PreparedVector query;
  std::shared_ptr<FlatIndex> index;  // keeps the scanned rows alive
  std::shared_ptr<HnswIndex> graph;  // set where only the nearest rows and some others are scored
  SemanticScores scores;
};

// The sentences of the passages found, as the model that picks the best of each takes them.
struct Search::SentencePicker {
  struct Place {
    size_t text = 0;  // of which passage
    ByteRange range;
  };

  // Thread: any.
  void Prepare(std::string_view query, const std::vector<PassageText>& texts);

  std::shared_ptr<const Tokenizer> tokenizer;
  ModelDescription model;
  std::vector<Place> places = {};
  std::vector<std::vector<int32_t>> tokens = {};  // the query's, then of each place
};

struct Search::Run {
  RequestId id;
  protocol::Search request;
  ParsedQuery query;
  Done done;
  FusionMode mode = FusionMode::kHybrid;
  double started_ms = 0;
  protocol::SearchParts parts;  // how long each took, with its ways between the threads
  // Read on the storage thread too; shared by itself, so that a run is only ever let go on the coordinator.
  std::shared_ptr<std::atomic<bool>> finished = std::make_shared<std::atomic<bool>>(false);
  bool holds_bulk = false;
  int waiting_for = 0;
  Status status;
  std::string note;

  FilterResult filter;
  WordHits words;
  std::vector<std::shared_ptr<Meaning>> meanings;  // best model first
  std::vector<SemanticScores> semantic;            // of those that count, SemanticScores::model their place above
  bool complete = true;
  bool may_walk = true;  // a graph, where there is one

  std::vector<RankedDocument> ranked;
  std::vector<PassageText> texts;
  std::vector<std::vector<WordMatch>> matches;
};

}  // namespace lodestone
