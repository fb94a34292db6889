#include <cmath>

#include "ui/draw.h"

namespace lodestone::ui {
namespace {

// Icons are drawn on a grid of 24 units with a stroke of 1.8.
class Pen {
 public:
  Pen(ImDrawList* list, float x, float y, float size, Color color)
      : list_(list), x_(x), y_(y), unit_(size / 24), color_(color) {}

  ImVec2 At(float x, float y) const { return {x_ + x * unit_, y_ + y * unit_}; }
  float stroke() const { return 1.8f * unit_ < 1.4f ? 1.4f : 1.8f * unit_; }

  void Line(std::initializer_list<ImVec2> points, bool closed = false) {
    for (const ImVec2& point : points) list_->PathLineTo(At(point.x, point.y));
    list_->PathStroke(color_, closed ? ImDrawFlags_Closed : 0, stroke());
  }
  void Circle(float x, float y, float radius) {
    list_->AddCircle(At(x, y), radius * unit_, color_, 0, stroke());
  }
  void Dot(float x, float y, float radius) {
    list_->AddCircleFilled(At(x, y), radius * unit_, color_);
  }
  void Box(float x0, float y0, float x1, float y1, float radius, bool filled = false) {
    if (filled) {
      list_->AddRectFilled(At(x0, y0), At(x1, y1), color_, radius * unit_);
    } else {
      list_->AddRect(At(x0, y0), At(x1, y1), color_, radius * unit_, 0, stroke());
    }
  }
  void Solid(std::initializer_list<ImVec2> points) {
    for (const ImVec2& point : points) list_->PathLineTo(At(point.x, point.y));
    list_->PathFillConvex(color_);
  }
  void Arc(float x, float y, float radius, float from, float to) {
    list_->PathArcTo(At(x, y), radius * unit_, from, to);
    list_->PathStroke(color_, 0, stroke());
  }

 private:
  ImDrawList* list_;
  float x_, y_, unit_;
  Color color_;
};

}  // namespace

void Canvas::DrawIcon(Icon icon, float x, float y, float size, Color color) {
  Pen pen(list_, x, y, size, color);
  switch (icon) {
    case Icon::kSearch:
      pen.Circle(10.5f, 10.5f, 6.5f);
      pen.Line({{15.5f, 15.5f}, {20.5f, 20.5f}});
      break;
    case Icon::kClose:
      pen.Line({{6.5f, 6.5f}, {17.5f, 17.5f}});
      pen.Line({{17.5f, 6.5f}, {6.5f, 17.5f}});
      break;
    case Icon::kLibrary:
      pen.Box(3.5f, 4, 8, 20, 1);
      pen.Box(8, 4, 12.5f, 20, 1);
      pen.Line({{15, 5.2f}, {18.6f, 4.3f}, {21.8f, 18.6f}, {18.2f, 19.6f}}, true);
      break;
    case Icon::kFolder:
      pen.Line({{3, 19}, {3, 5}, {9.5f, 5}, {12, 8}, {21, 8}, {21, 19}}, true);
      break;
    case Icon::kFile:
      pen.Line({{6, 3.5f}, {14, 3.5f}, {18.5f, 8}, {18.5f, 20.5f}, {6, 20.5f}}, true);
      pen.Line({{13.7f, 3.5f}, {13.7f, 8.3f}, {18.5f, 8.3f}});
      break;
    case Icon::kText:
      pen.Line({{4, 6}, {20, 6}});
      pen.Line({{4, 11}, {20, 11}});
      pen.Line({{4, 16}, {13, 16}});
      break;
    case Icon::kPause:
      pen.Box(7, 5.5f, 10, 18.5f, 1, true);
      pen.Box(14, 5.5f, 17, 18.5f, 1, true);
      break;
    case Icon::kPlay:
      pen.Solid({{8, 5.2f}, {19, 12}, {8, 18.8f}});
      break;
    case Icon::kStop:
      pen.Box(6.5f, 6.5f, 17.5f, 17.5f, 2, true);
      break;
    case Icon::kTrash:
      pen.Line({{4.5f, 6.5f}, {19.5f, 6.5f}});
      pen.Line({{9, 6.5f}, {9.5f, 3.8f}, {14.5f, 3.8f}, {15, 6.5f}});
      pen.Line({{6.5f, 6.5f}, {7.4f, 20.2f}, {16.6f, 20.2f}, {17.5f, 6.5f}});
      break;
    case Icon::kCheck:
      pen.Line({{5, 12.5f}, {10, 17.5f}, {19.5f, 7}});
      break;
    case Icon::kWarning:
      pen.Line({{12, 4}, {21.3f, 20}, {2.7f, 20}}, true);
      pen.Line({{12, 10}, {12, 14.3f}});
      pen.Dot(12, 17.2f, 1.1f);
      break;
    case Icon::kInfo:
      pen.Circle(12, 12, 9);
      pen.Line({{12, 11}, {12, 16.3f}});
      pen.Dot(12, 7.8f, 1.1f);
      break;
    case Icon::kUp:
      pen.Line({{6, 14.5f}, {12, 8.5f}, {18, 14.5f}});
      break;
    case Icon::kDown:
      pen.Line({{6, 9.5f}, {12, 15.5f}, {18, 9.5f}});
      break;
    case Icon::kBack:
      pen.Line({{14.5f, 6}, {8.5f, 12}, {14.5f, 18}});
      break;
    case Icon::kLock:
      pen.Box(5, 11, 19, 20.5f, 2);
      pen.Line({{8, 11}, {8, 8}});
      pen.Line({{16, 11}, {16, 8}});
      pen.Arc(12, 8, 4, -3.14159f, 0);
      break;
    case Icon::kLodestone:
      // A compass needle: the half that points is solid.
      pen.Circle(12, 12, 9.6f);
      pen.Solid({{16.6f, 7.4f}, {13.6f, 13.6f}, {10.4f, 10.4f}});
      pen.Line({{10.4f, 10.4f}, {7.4f, 16.6f}, {13.6f, 13.6f}});
      break;
    case Icon::kRefresh:
      pen.Arc(12, 12, 7.5f, -2.2f, 2.5f);
      pen.Line({{4.2f, 3.8f}, {5.4f, 8.2f}, {9.8f, 7.6f}});
      break;
  }
}

}  // namespace lodestone::ui
