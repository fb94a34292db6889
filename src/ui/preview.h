#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ui/blocks.h"
#include "ui/frame.h"
#include "ui/scroll.h"

namespace lodestone::ui {

// The pane that shows a document's stored text with its found passages marked.
// Thread: one only.
class PreviewPane {
 public:
  void Draw(Frame& frame, const Rect& rect);
  void PageBy(int pages) { scroll_.GlideTo(scroll_.goal() + pages * scroll_.viewport() * 0.9); }
  void ToEnd(bool last) { scroll_.GlideTo(last ? scroll_.limit() : 0); }
  // The text that the pointer has selected, "" if none.
  std::string SelectedText() const;
  void ClearSelection() { selection_ = {}; }

 private:
  struct Block {
    std::vector<TextLine> lines;
    uint8_t level = 0;  // of a heading; 0: body
    float top_margin = 0;
  };
  struct Selection {
    uint32_t anchor = 0;
    uint32_t head = 0;
    bool dragging = false;
  };

  float DrawHeader(Frame& frame, const Rect& rect);
  void DrawText(Frame& frame, const Rect& rect);
  void Adopt(Frame& frame, float width);
  void GrowHeights();
  const Block& LayOut(Frame& frame, uint32_t index);
  float Estimate(uint32_t index) const;
  const protocol::HeadingEntry* HeadingOf(uint32_t index) const;
  void ScrollToPassage(Frame& frame);
  void DrawBlock(Frame& frame, const Block& block, uint32_t index, float x, float y, float width);
  void HandleSelection(Frame& frame, const Rect& rect, float x);
  uint32_t OffsetAt(Frame& frame, const Rect& rect, float x, ImVec2 point);

  std::shared_ptr<PreviewDocument> document_;
  HeightIndex heights_;
  std::unordered_map<uint32_t, Block> laid_out_;
  ScrollState scroll_;
  Selection selection_;
  float width_ = 0;
  uint32_t generation_ = 0;
  uint32_t scroll_requests_ = 0;
  bool scroll_wanted_ = false;
};

}  // namespace lodestone::ui
