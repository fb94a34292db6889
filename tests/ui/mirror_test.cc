#include "ui/mirror.h"

#include <gtest/gtest.h>

#include <string>

namespace lodestone::ui {
namespace {

MirrorNode Node(WidgetId id, std::string text = {}) {
  return {.id = id, .role = Role::kParagraph, .text = std::move(text), .box = {1, 2, 3, 4}};
}

TEST(UiMirror, TellsOnlyChanges) {
  Mirror mirror;
  mirror.BeginFrame(true);
  mirror.Add(Node(1, "long text"));
  const std::string first = mirror.TakeChanges();
  EXPECT_EQ(first, R"([{"i":1,"r":"paragraph","b":[1,2,3,4],"t":"long text"}])");

  mirror.BeginFrame(true);
  mirror.Add(Node(1, "long text"));
  EXPECT_EQ(mirror.TakeChanges(), "");

  mirror.BeginFrame(true);
  MirrorNode moved = Node(1, "long text");
  moved.box.y = 20;
  mirror.Add(moved);
  EXPECT_EQ(mirror.TakeChanges(), R"([{"i":1,"r":"paragraph","b":[1,20,3,4]}])")
      << "a move does not repeat the text";

  mirror.BeginFrame(true);
  moved.text.clear();
  mirror.Add(moved);
  EXPECT_EQ(mirror.TakeChanges(), R"([{"i":1,"r":"paragraph","b":[1,20,3,4],"t":""}])");

  mirror.BeginFrame(true);
  EXPECT_EQ(mirror.TakeChanges(), "[]");

}

TEST(UiMirror, AFrameThatIsNotRecordedLeavesWhatTheLastOneTold) {
  Mirror mirror;
  mirror.BeginFrame(true);
  mirror.Add(Node(1, "text"));
  mirror.BeginFrame(false);
  mirror.Add(Node(2, "not kept"));
  EXPECT_EQ(mirror.TakeChanges(), R"([{"i":1,"r":"paragraph","b":[1,2,3,4],"t":"text"}])");
}

TEST(UiMirror, TextComesAgainAfterItsElementWasGone) {
  Mirror mirror;
  const auto frame = [&](bool with) {
    mirror.BeginFrame(true);
    if (with) mirror.Add(Node(1, "text"));
    return mirror.TakeChanges();
  };
  EXPECT_NE(frame(true).find("\"t\":\"text\""), std::string::npos);
  EXPECT_EQ(frame(false), "[]");
  EXPECT_NE(frame(true).find("\"t\":\"text\""), std::string::npos);
}

TEST(UiMirror, ChildrenKnowTheirParent) {
  Mirror mirror;
  mirror.BeginFrame(true);
  mirror.Open({.id = 5, .role = Role::kList, .name = "Results"});
  mirror.Add({.id = 6, .role = Role::kListItem, .position = 1, .set_size = 2});
  mirror.Close();
  mirror.Add({.id = 7,
              .role = Role::kRadio,
              .name = "a \"b\"\n",
              .disabled = true,
              .focusable = true,
              .checked = 1});
  EXPECT_EQ(
      mirror.TakeChanges(),
      R"([{"i":5,"r":"list","b":[0,0,0,0],"n":"Results"},{"i":6,"p":5,"r":"listitem","b":[0,0,0,0],"s":[1,2]},)"
      R"({"i":7,"r":"radio","b":[0,0,0,0],"n":"a \"b\"\u000a","d":1,"f":1,"c":1}])");
}

TEST(UiMirror, WhatIsCoveredIsNotTold) {
  Mirror mirror;
  mirror.BeginFrame(true);
  mirror.Mute(true);
  mirror.Open(Node(1));
  mirror.Close();
  mirror.Mute(false);
  mirror.Add(Node(2));
  EXPECT_EQ(mirror.TakeChanges(), R"([{"i":2,"r":"paragraph","b":[1,2,3,4]}])");
}

TEST(UiMirror, IdsDifferByNameAndSalt) {
  EXPECT_NE(IdOf("a"), IdOf("b"));
  EXPECT_NE(IdOf("a", 1), IdOf("a", 2));
  EXPECT_NE(IdOf(""), 0u);
}

}  // namespace
}  // namespace lodestone::ui
