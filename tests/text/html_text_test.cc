#include "text/html_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/text/test_text.h"

namespace lodestone {
namespace {

struct Extracted {
  std::string text;
  std::string title;
  std::vector<Heading> headings;
};

Extracted Extract(std::string_view html) {
  Extracted result;
  TextBuilder builder;
  AppendHtml(html, &builder, &result.title);
  builder.Finish(&result.text, &result.headings);
  return result;
}

TEST(HtmlText, BlocksAreParagraphsAndInlineMarkupGoes) {
  EXPECT_EQ(Extract("<p>One <b>bold</b>\n  word</p><div>two<div>three</div></div>four<br>five").text,
            "One bold word\n\ntwo\n\nthree\n\nfour\nfive");
}

TEST(HtmlText, WhatIsNotReadIsSkipped) {
  EXPECT_EQ(Extract("a<script>if (x < 1) '</p>' + \"<b>\"</script><style>p{}</style><template><p>t</template>"
                    "<noscript>n<script>'</noscript>'</script></noscript><svg><title>s</title></svg><!-- c -->b").text,
            "ab");
}

TEST(HtmlText, HeadingsAndTitle) {
  const Extracted page = Extract(
      "<!doctype html><html><head><title> The &amp; Title </title><title>two</title></head>"
      "<body><h1>First <i>one</i></h1><p>x</p><h2><span>Second</span><p>y<h3></h3>");
  EXPECT_EQ(page.title, " The & Title ");
  EXPECT_EQ(page.text, "First one\n\nx\n\nSecond\n\ny");
  ASSERT_EQ(page.headings.size(), 2u);
  EXPECT_EQ(page.headings[0].text, "First one");
  EXPECT_EQ(page.headings[1].level, 2);
  EXPECT_EQ(page.text.substr(page.headings[1].offset, 6), "Second");
}

TEST(HtmlText, ListsAndTables) {
  EXPECT_EQ(Extract("<ul><li>a<li>b<ol><li>c</li><li>d</li></ol></ul>e").text, "- a\n- b\n  1. c\n  2. d\n\ne");
  EXPECT_EQ(Extract("<table><tr><th>k<th>v</tr><tr><td><p>x</p></td><td>y</td></tr></table>").text, "k | v\nx | y");
  EXPECT_EQ(Extract("<ul><li></li></ul><p>after").text, "after");
}

TEST(HtmlText, ReferencesAndPreformattedText) {
  EXPECT_EQ(Extract("&lt;a&gt; &eacute;&nbsp;&#8364; soft&shy;ly &notit; &unknown;").text,
            "<a> é € softly ¬it; &unknown;");
  EXPECT_EQ(Extract("x<pre>\n  two\n    lines </pre>y").text, "x\n\n  two\n    lines\n\ny");
}

TEST(HtmlText, DepthCostsNoStackAndNoTime) {
  constexpr size_t kDepth = 100000;
  EXPECT_EQ(Extract(Repeat("<div>", kDepth) + "deep" + Repeat("</div>", kDepth) + "<p>after").text, "deep\n\nafter");
  EXPECT_EQ(Extract(Repeat("<b><table><tr><td>", kDepth) + "deep").text, "deep");
  EXPECT_TRUE(Extract(Repeat("<ul><li>", kDepth) + "deep").text.ends_with("- deep"));
  EXPECT_EQ(Extract(Repeat("<svg>", kDepth) + "hidden").text, "");
}

TEST(HtmlText, LongInputsTakeLinearTime) {
  EXPECT_EQ(Extract(Repeat("word ", 200000)).text.size(), 999999u);
  std::string tag = "<p";
  for (int i = 0; i < 50000; ++i) tag += " a" + std::to_string(i) + "=1";
  EXPECT_EQ(Extract(tag + ">text").text, "text");
  EXPECT_EQ(Extract(Repeat("<!--", 100000) + "x").text, "");
  EXPECT_EQ(Extract(std::string(200000, '<')).text.size(), 200000u);
}

TEST(HtmlText, BrokenHtmlAtEveryLength) {
  const std::string html = "<h1 a='b\">T</h1><p>x &amp; <a href=y>z</a><![CDATA[q]]></p><script>s</script><!-- c --><table><td>w";
  for (size_t length = 0; length <= html.size(); ++length) Extract(html.substr(0, length));
  EXPECT_EQ(Extract("<p>ends in <").text, "ends in <");
}

TEST(HtmlText, DataIsOnlyReadAsHtmlWhenItHoldsTags) {
  EXPECT_EQ(DataText("<strong>note:</strong> a<br><br>b &amp; c"), "note: a\nb & c");
  EXPECT_EQ(DataText("if a <b and c> d"), "if a <b and c> d");
  EXPECT_EQ(DataText("p < 0.05 & x <y>"), "p < 0.05 & x <y>");
  EXPECT_FALSE(HoldsHtmlTag(Repeat("<x ", 100000)));
  EXPECT_TRUE(HoldsHtmlTag("x</p>"));
}

}  // namespace
}  // namespace lodestone
