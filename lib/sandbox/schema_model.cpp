// The language models of an assistant: `model`, by provider.
#include "sandbox/schema.hpp"

namespace vapisync::sandbox::schema {
namespace {

constexpr Field max_tokens = number("maxTokens", 50, 10000);
constexpr Field model_name = required(text("model"));

constexpr Field thinking_fields[] = {required(word("type", words<"enabled">)),
                                     required(number("budgetTokens", 1024, 100000))};
constexpr Shape thinking_shape{thinking_fields};
constexpr Field thinking = object("thinking", thinking_shape);

constexpr Field realtime_fields[] = {number("topP"), number("topK"), number("presencePenalty"),
                                     number("frequencyPenalty"), free_object("speechConfig")};
constexpr Shape realtime_shape{realtime_fields};

constexpr Field plain[] = {model_name, max_tokens};
constexpr Field anthropic[] = {model_name, max_tokens, thinking};
constexpr Field google[] = {model_name, max_tokens, object("realtimeConfig", realtime_shape)};
constexpr Field cerebras[] = {required(word("model", words<"llama3.1-8b", "llama-3.3-70b">)),
                              max_tokens};
constexpr Field deep_seek[] = {required(word("model", words<"deepseek-chat", "deepseek-reasoner">)),
                               max_tokens};
constexpr Field inflection_ai[] = {required(word("model", words<"inflection_3_pi">)), max_tokens};
constexpr Field minimax[] = {required(word("model", words<"MiniMax-M2.7">)), max_tokens};
constexpr Field xai[] = {
    required(word(
        "model",
        words<"grok-beta", "grok-2", "grok-3", "grok-4-fast-reasoning", "grok-4-fast-non-reasoning",
              "grok-4.20-0309-reasoning", "grok-4.20-0309-non-reasoning", "grok-4.3">)),
    max_tokens};
constexpr Field custom_llm[] = {model_name,
                                max_tokens,
                                required(text("url")),
                                word("metadataSendMode", words<"off", "variable", "destructured">),
                                free_object("headers"),
                                flag("wordLevelConfidenceEnabled"),
                                number("timeoutSeconds", 0, 300)};
constexpr Field openai[] = {
    model_name,
    max_tokens,
    list(text("fallbackModels")),
    word("toolStrictCompatibilityMode",
         words<"strip-parameters-with-unsupported-validation", "strip-unsupported-validation">),
    word("promptCacheRetention", words<"in_memory", "24h">),
    text("promptCacheKey", 64),
    word("reasoningEffort", words<"minimal", "none", "low", "medium", "high", "xhigh">)};
constexpr Field vapi[] = {text("model"), word("version", words<"latest", "1">), text("workflowId"),
                          free_object("workflow")};

constexpr Variant providers[] = {
    {"anthropic", anthropic},
    {"anthropic-bedrock", anthropic},
    {"anyscale", plain},
    {"cerebras", cerebras},
    {"custom-llm", custom_llm},
    {"deepinfra", plain},
    {"deep-seek", deep_seek},
    {"google", google},
    {"groq", plain},
    {"inflection-ai", inflection_ai},
    {"minimax", minimax},
    {"openai", openai},
    {"openrouter", plain},
    {"perplexity-ai", plain},
    {"together-ai", plain},
    {"xai", xai},
    {"vapi", vapi},
};

constexpr Field message_fields[] = {
    required(word("role", words<"assistant", "function", "user", "system", "tool">)),
    required(nullable(text("content", 100'000'000)))};

constexpr Field tool_ref_fields[] = {required(text("toolId")), required(text("version"))};
constexpr Shape tool_ref_shape{tool_ref_fields};

constexpr Field knowledge_base_fields[] = {
    required(word("provider", words<"custom-knowledge-base">)), required(object("server", server))};
constexpr Shape knowledge_base_shape{knowledge_base_fields};

constexpr Field common[] = {
    list(object("messages", message)),
    list(object("tools", tool)),
    list(text("toolIds")),
    list(object("toolRefs", tool_ref_shape)),
    object("knowledgeBase", knowledge_base_shape),
    number("temperature", 0, 2),
    flag("emotionRecognitionEnabled"),
    number("numFastTurns", 0),
    text("systemPrompt"),  // not in the published schema, yet accepted
};

}  // namespace

constexpr Shape message{message_fields};
constexpr Shape model{common, "provider", providers};

}  // namespace vapisync::sandbox::schema
