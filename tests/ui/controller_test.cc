#include "ui/controller.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lodestone::ui {
namespace {

using protocol::MessageType;

class HeldClock : public Clock {
 public:
  double NowMs() const override { return now_ms; }
  int64_t WallMs() const override { return 0; }
  double now_ms = 1000;
};

class FakeHost : public UiHost {
 public:
  struct Sent {
    uint32_t call;
    MessageType type;
    std::string bytes;
  };
  void Request(uint32_t call, MessageType type, std::string bytes) override {
    sent.push_back({call, type, std::move(bytes)});
  }
  void Intent(std::string_view name, std::string_view text) override {
    intents.emplace_back(name, text);
  }
  void SetFieldText(std::string_view text) override { field = text; }
  void FocusField() override { ++focused; }

  std::vector<Sent> sent;
  std::vector<std::pair<std::string, std::string>> intents;
  std::string field;
  int focused = 0;
};

class UiControllerTest : public testing::Test {
 protected:
  // The newest request of that type, which must be there.
  const FakeHost::Sent& Last(MessageType type) {
    for (size_t i = host.sent.size(); i-- > 0;) {
      if (host.sent[i].type == type) return host.sent[i];
    }
    ADD_FAILURE() << "no " << protocol::MessageTypeName(type);
    static const FakeHost::Sent none{};
    return none;
  }
  size_t Count(MessageType type) {
    size_t count = 0;
    for (const auto& sent : host.sent) count += sent.type == type;
    return count;
  }
  template <typename T>
  T LastAs() {
    return protocol::Decode<T>(Last(protocol::kTypeOf<T>).bytes).value();
  }
  template <typename T>
  void Reply(MessageType to, const T& message) {
    controller.OnReply(Last(to).call, protocol::kTypeOf<T>, protocol::Encode(message));
  }
  // Nobody types for a while.
  void Pause() {
    clock.now_ms += 200;
    controller.Wake();
  }
  void Ready() { controller.SetBoot(BootPhase::kReady, ""); }
  void Tell(protocol::EngineState engine) {
    controller.OnEvent(MessageType::kStateChanged,
                       protocol::Encode(protocol::StateChanged{std::move(engine)}));
  }
  static protocol::SearchReply Found(std::string text, std::vector<std::string> paths) {
    protocol::SearchReply reply;
    reply.text = std::move(text);
    reply.complete = true;
    for (std::string& path : paths) {
      protocol::DocumentHit hit;
      hit.path = std::move(path);
      hit.passages.resize(2);
      reply.results.push_back(std::move(hit));
    }
    return reply;
  }
  const SearchState& search() { return controller.state().search; }
  const PreviewState& preview() { return controller.state().preview; }

  FakeHost host;
  HeldClock clock;
  UiController controller{&host, &clock};
};

TEST_F(UiControllerTest, HoldsRequestsUntilReady) {
  controller.SetQuery("early");
  EXPECT_TRUE(host.sent.empty());
  Ready();
  EXPECT_EQ(LastAs<protocol::Search>().text, "early");
  EXPECT_EQ(LastAs<protocol::Search>().group, "field");
}

TEST_F(UiControllerTest, OneSearchAtATimeAndTheLatestWins) {
  Ready();
  for (const char* text : {"a", "ab", "abc"}) controller.SetQuery(text);
  EXPECT_EQ(Count(MessageType::kSearch), 1u);
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
  EXPECT_EQ(LastAs<protocol::Search>().text, "abc");
  Reply(MessageType::kSearch, Found("abc", {"2.md"}));
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
  EXPECT_EQ(search().reply->results[0].path, "2.md");
}

TEST_F(UiControllerTest, AnAnswerToAClearedFieldIsDropped) {
  Ready();
  controller.SetQuery("a");
  controller.SetQuery("  ");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  EXPECT_EQ(search().reply, nullptr);
  EXPECT_EQ(Count(MessageType::kSearch), 1u);
}

TEST_F(UiControllerTest, AFailedSearchSaysWhyAndTheNextOneClearsIt) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, protocol::ErrorReply{"kTooLarge", "Too long.", ""});
  EXPECT_EQ(search().error, "Too long.");
  controller.SetQuery("b");
  Reply(MessageType::kSearch, Found("b", {"1.md"}));
  EXPECT_EQ(search().error, "");
}

TEST_F(UiControllerTest, ACancelledSearchKeepsWhatIsShown) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  controller.SetQuery("ab");
  controller.OnFailure(Last(MessageType::kSearch).call, "kCancelled", "Cancelled.");
  EXPECT_NE(search().reply, nullptr);
  EXPECT_TRUE(controller.state().notices.empty());
}

TEST_F(UiControllerTest, TheFirstResultIsPreviewedWhereThereIsRoom) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md", "2.md"}));
  EXPECT_EQ(search().selected, 0);
  Pause();
  EXPECT_EQ(LastAs<protocol::GetDocument>().path, "1.md");
  EXPECT_EQ(preview().status, PreviewStatus::kLoading);
  Reply(MessageType::kGetDocument, protocol::GetDocumentReply{"1.md", "One", "text", {}});
  EXPECT_EQ(preview().status, PreviewStatus::kShown);
  EXPECT_EQ(preview().passages.size(), 2u);
}

TEST_F(UiControllerTest, WhileSomebodyTypesTheTextBesideTheResultsStays) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  Pause();
  Reply(MessageType::kGetDocument, protocol::GetDocumentReply{"1.md", "One", "text", {}});
  for (const std::string text : {"ab", "abc", "abcd"}) {
    clock.now_ms += 150;
    controller.SetQuery(text);
    EXPECT_FALSE(controller.Wake());
    Reply(MessageType::kSearch, Found(text, {"2.md", "1.md"}));
    EXPECT_EQ(preview().path, "1.md");
    EXPECT_EQ(Count(MessageType::kGetDocument), 1u);
    EXPECT_TRUE(controller.waiting());
    EXPECT_EQ(controller.WakeMs(), 200);
  }
  clock.now_ms += 200;
  EXPECT_FALSE(controller.Wake()) << "the text comes before anything is drawn";
  EXPECT_EQ(LastAs<protocol::GetDocument>().path, "2.md");
  EXPECT_LT(controller.WakeMs(), 0);
}

TEST_F(UiControllerTest, TheTextThatIsShownAlreadyFollowsEachKey) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  Pause();
  Reply(MessageType::kGetDocument, protocol::GetDocumentReply{"1.md", "One", "text", {}});
  const uint32_t scrolls = preview().scroll_requests;
  controller.SetQuery("ab");
  Reply(MessageType::kSearch, Found("ab", {"1.md"}));
  EXPECT_EQ(preview().scroll_requests, scrolls + 1);
  EXPECT_EQ(preview().status, PreviewStatus::kShown);
  EXPECT_LT(controller.WakeMs(), 0);
  EXPECT_EQ(Count(MessageType::kGetDocument), 1u);
}

TEST_F(UiControllerTest, WhileSomebodyTypesOnlyTheFirstResultsAreAskedFor) {
  controller.SetWide(false);
  Ready();
  std::vector<std::string> paths;
  for (int i = 0; i < 10; ++i) paths.push_back(std::to_string(i) + ".md");
  controller.SetQuery("a");
  EXPECT_EQ(LastAs<protocol::Search>().top, 10u);
  Reply(MessageType::kSearch, Found("a", paths));
  EXPECT_EQ(controller.WakeMs(), 200);
  controller.Do({ActionKind::kOpenResult, 3, 0});
  Pause();
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
  EXPECT_EQ(LastAs<protocol::Search>().top, 50u);
  paths.insert(paths.begin(), "first.md");
  Reply(MessageType::kSearch, Found("a", paths));
  EXPECT_EQ(search().selected, 4) << "the document that was opened";
  EXPECT_LT(controller.WakeMs(), 0);
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
}

TEST_F(UiControllerTest, FewResultsAreAllThereAre) {
  controller.SetWide(false);
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  EXPECT_LT(controller.WakeMs(), 0);
}

TEST_F(UiControllerTest, WhatIsOpenedWhileTypingIsShownAtOnce) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md", "2.md"}));
  controller.Do({ActionKind::kOpenResult, 1, 0});
  EXPECT_EQ(LastAs<protocol::GetDocument>().path, "2.md");
  EXPECT_LT(controller.WakeMs(), 0) << "nor is the first result shown later";
  controller.SetQuery("ab");
  Reply(MessageType::kSearch, Found("ab", {"3.md"}));
  controller.SetQuery("");
  EXPECT_LT(controller.WakeMs(), 0);
}

TEST_F(UiControllerTest, OnANarrowPageNothingIsFetchedUntilOpened) {
  controller.SetWide(false);
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  EXPECT_EQ(Count(MessageType::kGetDocument), 0u);
  controller.Do({ActionKind::kOpenResult, 0, 1});
  EXPECT_EQ(Count(MessageType::kGetDocument), 1u);
  EXPECT_TRUE(preview().open);
  EXPECT_EQ(preview().passage, 1u);
  controller.Do({ActionKind::kClosePreview});
  EXPECT_FALSE(preview().open);
}

TEST_F(UiControllerTest, OnlyTheDocumentUnderTheEyesIsShown) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md", "2.md", "3.md"}));
  controller.Do({ActionKind::kMoveSelection, 1});
  controller.Do({ActionKind::kMoveSelection, 1});
  EXPECT_EQ(Count(MessageType::kGetDocument), 1u) << "one at a time";
  Reply(MessageType::kGetDocument, protocol::GetDocumentReply{"1.md", "One", "text", {}});
  EXPECT_EQ(preview().status, PreviewStatus::kLoading);
  EXPECT_EQ(LastAs<protocol::GetDocument>().path, "3.md") << "the one in between is skipped";
  controller.Do({ActionKind::kMoveSelection, 100});
  EXPECT_EQ(search().selected, 2);
}

TEST_F(UiControllerTest, ADocumentThatIsGoneSaysSo) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  Pause();
  Reply(MessageType::kGetDocument, protocol::ErrorReply{"kNotFound", "Gone.", ""});
  EXPECT_EQ(preview().status, PreviewStatus::kFailed);
  EXPECT_EQ(preview().error, "Gone.");
}

TEST_F(UiControllerTest, AsksAgainWhenTheLibraryMovedOnButNotTooOften) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md", "2.md"}));
  controller.Do({ActionKind::kSelectResult, 1});
  Tell({.library_version = 1});
  EXPECT_EQ(Count(MessageType::kSearch), 1u) << "too soon";
  clock.now_ms += 2000;
  Tell({.library_version = 2});
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
  Reply(MessageType::kSearch, Found("a", {"0.md", "1.md", "2.md"}));
  EXPECT_EQ(search().selected, 2) << "stays with the selected document";
  clock.now_ms += 2000;
  Tell({.library_version = 2});
  EXPECT_EQ(Count(MessageType::kSearch), 2u) << "nothing changed";
  Tell({.idle = true, .library_version = 3});
  EXPECT_EQ(Count(MessageType::kSearch), 3u) << "at the end of the work, at once";
}

TEST_F(UiControllerTest, ASelectionNobodyMadeStaysWithTheBestResult) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md", "2.md"}));
  Pause();
  Reply(MessageType::kGetDocument, protocol::GetDocumentReply{"1.md", "One", "text", {}});
  const uint32_t scrolls = preview().scroll_requests;
  Tell({.idle = true, .library_version = 1});
  Reply(MessageType::kSearch, Found("a", {"1.md", "0.md"}));
  EXPECT_EQ(preview().scroll_requests, scrolls)
      << "the same document is not scrolled under the reader";
  Tell({.idle = true, .library_version = 2});
  Reply(MessageType::kSearch, Found("a", {"0.md", "1.md"}));
  EXPECT_EQ(search().selected, 0);
  EXPECT_EQ(preview().path, "0.md");
}

TEST_F(UiControllerTest, ChangingTheModeSearchesAnew) {
  Ready();
  controller.SetQuery("a");
  Reply(MessageType::kSearch, Found("a", {"1.md"}));
  controller.Do({ActionKind::kSetMode, static_cast<int32_t>(protocol::SearchMode::kLexical)});
  EXPECT_EQ(LastAs<protocol::Search>().mode, protocol::SearchMode::kLexical);
}

TEST_F(UiControllerTest, LibraryPagesComeOneByOneAndOnlyWhenOpen) {
  Ready();
  Tell({.documents = 500, .library_version = 1});
  EXPECT_EQ(Count(MessageType::kListLibrary), 0u);
  controller.Do({ActionKind::kToggleLibrary});
  EXPECT_EQ(Count(MessageType::kListLibrary), 1u);
  protocol::ListLibraryReply reply;
  reply.total = 500;
  reply.entries.resize(100);
  Reply(MessageType::kListLibrary, reply);
  controller.Do({ActionKind::kNeedLibraryRows, 90, 110});
  EXPECT_EQ(LastAs<protocol::ListLibrary>().offset, 100u);
  Reply(MessageType::kListLibrary, reply);
  EXPECT_NE(controller.state().library.Row(110), nullptr);
  EXPECT_EQ(controller.state().library.Row(300), nullptr);
  EXPECT_EQ(Count(MessageType::kListLibrary), 2u);
  Tell({.documents = 501, .library_version = 2});
  EXPECT_EQ(Count(MessageType::kListLibrary), 3u) << "what is in sight is fetched again";
  controller.Do({ActionKind::kFilterLibrary, 1});
  EXPECT_EQ(controller.state().library.Row(0), nullptr);
  Reply(MessageType::kListLibrary, reply);
  EXPECT_TRUE(LastAs<protocol::ListLibrary>().only_failed)
      << "the answer to the other filter was not taken";
}

TEST_F(UiControllerTest, ARestartForgetsOldCallsAndAsksAgain) {
  Ready();
  controller.SetQuery("a");
  const uint32_t old_call = Last(MessageType::kSearch).call;
  controller.SetBoot(BootPhase::kDied, "Stopped.");
  EXPECT_FALSE(controller.waiting());
  Ready();
  EXPECT_EQ(Count(MessageType::kSearch), 2u);
  controller.OnReply(old_call, MessageType::kSearchReply, protocol::Encode(Found("a", {"old.md"})));
  EXPECT_EQ(search().reply, nullptr);
  Reply(MessageType::kSearch, Found("a", {"new.md"}));
  EXPECT_EQ(search().reply->results[0].path, "new.md");
}

TEST_F(UiControllerTest, MalformedBytesShowANoticeAndChangeNothing) {
  Ready();
  controller.SetQuery("a");
  controller.OnReply(Last(MessageType::kSearch).call, MessageType::kSearchReply, "\x01\x02");
  EXPECT_EQ(search().reply, nullptr);
  ASSERT_EQ(controller.state().notices.size(), 1u);
  EXPECT_EQ(controller.state().notices[0].level, protocol::NoticeLevel::kError);
  controller.OnEvent(MessageType::kStateChanged, "x");
  EXPECT_FALSE(controller.state().engine.has_value());
}

TEST_F(UiControllerTest, NoticesPassOrStay) {
  controller.AddNotice(protocol::NoticeLevel::kInfo, "added");
  controller.AddNotice(protocol::NoticeLevel::kError, "broken");
  controller.AddNotice(protocol::NoticeLevel::kError, "broken");
  ASSERT_EQ(controller.state().notices.size(), 2u);
  EXPECT_FALSE(controller.Wake());
  EXPECT_GT(controller.WakeMs(), 0);
  clock.now_ms += controller.WakeMs();
  EXPECT_TRUE(controller.Wake());
  EXPECT_LT(controller.WakeMs(), 0);
  ASSERT_EQ(controller.state().notices.size(), 1u);
  EXPECT_EQ(controller.state().notices[0].text, "broken");
  controller.Do(
      {ActionKind::kDismissNotice, static_cast<int32_t>(controller.state().notices[0].id)});
  EXPECT_TRUE(controller.state().notices.empty());
}

TEST_F(UiControllerTest, ActionsBecomeRequestsAndIntents) {
  Ready();
  controller.Do({ActionKind::kControlTask, 7, static_cast<int32_t>(protocol::TaskAction::kCancel)});
  EXPECT_EQ(LastAs<protocol::ControlTask>(),
            (protocol::ControlTask{7, protocol::TaskAction::kCancel}));
  controller.Do({ActionKind::kRemove, 0, 0, "a.md"});
  EXPECT_EQ(LastAs<protocol::Remove>().paths, std::vector<std::string>{"a.md"});
  controller.Do({ActionKind::kRemoveAll});
  EXPECT_TRUE(LastAs<protocol::Remove>().everything);
  controller.Do({ActionKind::kSetGentle, 1});
  EXPECT_TRUE(LastAs<protocol::SetSettings>().gentle);
  controller.Do({ActionKind::kPickFolder});
  controller.Do({ActionKind::kCopyText, 0, 0, "text"});
  EXPECT_EQ(host.intents[0].first, "pickFolder");
  EXPECT_EQ(host.intents[1], (std::pair<std::string, std::string>{"copyText", "text"}));
  controller.Do({ActionKind::kManageLibrary});
  EXPECT_EQ(host.intents[2].first, "manageLibrary");
  controller.SetQuery("a");
  controller.Do({ActionKind::kClearQuery});
  EXPECT_EQ(host.field, "");
  EXPECT_EQ(host.focused, 1);
}

}  // namespace
}  // namespace lodestone::ui
