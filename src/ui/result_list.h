#pragma once

#include <memory>
#include <vector>

#include "ui/frame.h"
#include "ui/scroll.h"
#include "ui/snippet.h"

namespace lodestone::ui {

// The column of found documents.
// Thread: one only.
class ResultList {
 public:
  // REQUIRES: frame.state.search.reply is there.
  void Draw(Frame& frame, const Rect& rect);
  void PageBy(int pages) { scroll_.GlideTo(scroll_.goal() + pages * scroll_.viewport() * 0.85); }

 private:
  struct Item {
    float height = 0;
    std::vector<Snippet> snippets;
  };

  void Rebuild(Frame& frame, float width);
  Item LayOut(Frame& frame, const protocol::DocumentHit& hit);
  float Header(Frame& frame, float x, float y, float width, bool draw);
  void DrawItem(Frame& frame, size_t index, const Rect& rect);
  float DrawSnippet(Frame& frame, const protocol::PassageHit& hit, const Snippet& snippet, float x,
                    float y);
  void DrawWhy(Frame& frame, const protocol::DocumentHit& hit, float x, float y, float width);
  // The passages of what is far from sight are left out: all of them are a hundred kilobytes an answer,
  // which the browser would shape and lay out while the person types.
  void MirrorItem(Frame& frame, size_t index, const Rect& rect, bool with_passages);
  void KeepSelectionInView(float header);

  std::shared_ptr<const protocol::SearchReply> reply_;
  std::vector<Item> items_;
  ScrollState scroll_;
  float width_ = 0;
  float text_width_ = 0;
  uint32_t generation_ = 0;
  uint32_t questions_ = 0;
  int selected_ = -1;
  bool selection_moved_ = false;
};

}  // namespace lodestone::ui
