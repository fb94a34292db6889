#include "embed/model.h"

#include <gtest/gtest.h>

namespace lodestone {
namespace {

TEST(ParseManifest, ReadsWhatIsThereAndKeepsTheRest) {
  const Result<ModelDescription> model = ParseManifest(
      R"({"id":"m","dimension":256,"fusion_weight":0.6,"similarity_floor":0.25,"add_special_tokens":false,
          "drop_unknown":true,"instant":true,"query_prompt":"query: ","unknown_field":[1]})");
  ASSERT_TRUE(model.ok()) << model.status().detail();
  EXPECT_EQ(model.value().id, "m");
  EXPECT_EQ(model.value().name, "m");
  EXPECT_EQ(model.value().dimension, 256u);
  EXPECT_EQ(model.value().max_tokens, 512u);
  EXPECT_FLOAT_EQ(model.value().fusion_weight, 0.6f);
  EXPECT_FALSE(model.value().add_special_tokens);
  EXPECT_TRUE(model.value().drop_unknown);
  EXPECT_TRUE(model.value().instant);
  EXPECT_EQ(model.value().query_prompt, "query: ");
}

TEST(ParseManifest, SaysWhatIsWrong) {
  for (const auto& [json, what] : {std::pair{"", "byte 0"},
                                   std::pair{"[]", "not an object"},
                                   std::pair{R"({"dimension":"many"})", "dimension"},
                                   std::pair{R"({"dimension":99999})", "dimension"},
                                   std::pair{R"({"max_tokens":0})", "max_tokens"},
                                   std::pair{R"({"fusion_weight":2})", "fusion_weight"},
                                   std::pair{R"({"similarity_floor":-7})", "similarity_floor"},
                                   std::pair{R"({"id":"m","dim)", "byte"}}) {
    const Result<ModelDescription> model = ParseManifest(json);
    ASSERT_FALSE(model.ok()) << json;
    EXPECT_EQ(model.status().code(), StatusCode::kBadData);
    EXPECT_FALSE(model.status().message().empty());
    if (*json) {
      EXPECT_NE(model.status().detail().find(what), std::string::npos) << model.status().detail();
    }
  }
}

}  // namespace
}  // namespace lodestone
