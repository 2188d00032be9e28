// The transcribers of an assistant: `transcriber`, by provider.
#include "sandbox/schema.hpp"
#include "sandbox/schema_words.hpp"

namespace vapisync::sandbox::schema {
namespace {

constexpr Field fallback_fields[] = {required(list(object("transcribers", transcriber)))};
constexpr Shape fallback_shape{fallback_fields};
constexpr Field fallback = object("fallbackPlan", fallback_shape);
constexpr Field iso_language = word("language", iso_languages);
constexpr Field any_language = text("language");

constexpr Field assembly_ai[] = {
    word("language", words<"multi", "en">),
    number("confidenceThreshold", 0, 1),
    flag("formatTurns"),
    number("endOfTurnConfidenceThreshold", 0, 1),
    number("minEndOfTurnSilenceWhenConfident", 0),
    number("wordFinalizationMaxWaitTime", 0),
    number("maxTurnSilence", 0),
    flag("vadAssistedEndpointingEnabled"),
    word("mode", words<"max_accuracy", "min_latency", "balanced">),
    text("prompt", 1750),
    text("agentContext", 1750),
    list(text("languageCodes")),
    word("speechModel", words<"universal-streaming-english", "universal-streaming-multilingual",
                              "universal-3-5-pro">),
    text("realtimeUrl"),
    list(text("wordBoost", 2500)),
    list(text("keytermsPrompt", 50)),
    number("endUtteranceSilenceThreshold"),
    flag("disablePartialTranscripts"),
    fallback};
constexpr Field azure[] = {any_language,
                           word("segmentationStrategy", words<"Default", "Time", "Semantic">),
                           number("segmentationSilenceTimeoutMs", 100, 5000),
                           number("segmentationMaximumTimeMs", 20000, 70000), fallback};
constexpr Field custom_transcriber[] = {required(object("server", server)), fallback};
constexpr Field deepgram[] = {text("model"),
                              word("language", deepgram_languages),
                              flag("smartFormat"),
                              flag("mipOptOut"),
                              flag("numerals"),
                              flag("profanityFilter"),
                              list(word("redaction", words<"pci", "pii", "phi", "numbers">)),
                              number("confidenceThreshold", 0, 1),
                              number("eotThreshold", 0.5, 0.9),
                              number("eotTimeoutMs", 500, 10000),
                              list(text("languages")),
                              list(text("keywords")),
                              list(text("keyterm")),
                              number("endpointing", 10, 500),
                              fallback};
constexpr Field eleven_labs[] = {
    word("model", words<"scribe_v1", "scribe_v2", "scribe_v2_realtime">),
    iso_language,
    number("silenceThresholdSeconds", 0.3, 3),
    number("confidenceThreshold", 0.1, 0.9),
    number("minSpeechDurationMs", 50, 2000),
    number("minSilenceDurationMs", 50, 2000),
    fallback};
constexpr Field gladia[] = {
    word("model", words<"fast", "accurate", "solaria-1">),
    word("languageBehaviour",
         words<"manual", "automatic single language", "automatic multiple languages">),
    any_language,
    list(text("languages")),
    text("transcriptionHint", 600),
    flag("prosody"),
    flag("audioEnhancer"),
    number("confidenceThreshold", 0, 1),
    number("endpointing", 0.01, 10),
    number("speechThreshold", 0, 1),
    flag("customVocabularyEnabled"),
    free_object("customVocabularyConfig"),
    word("region", words<"us-west", "eu-west">),
    flag("receivePartialTranscripts"),
    fallback};
constexpr Field google[] = {text("model"), any_language, fallback};
constexpr Field vocabulary_fields[] = {required(text("content", unbounded, 1)),
                                       list(text("soundsLike"))};
constexpr Shape vocabulary_shape{vocabulary_fields};
constexpr Field speechmatics[] = {word("model", words<"default">),
                                  any_language,
                                  word("operatingPoint", words<"standard", "enhanced">),
                                  word("region", words<"eu", "us">),
                                  flag("enableDiarization"),
                                  number("maxDelay", 500, 10000),
                                  required(list(object("customVocabulary", vocabulary_shape))),
                                  word("numeralStyle", words<"written", "spoken">),
                                  number("endOfTurnSensitivity", 0, 1),
                                  flag("removeDisfluencies"),
                                  number("minimumSpeechDuration", 0, 5),
                                  fallback};
constexpr Field talkscriber[] = {word("model", words<"whisper">), any_language, fallback};
constexpr Field openai[] = {
    required(word("model", words<"gpt-4o-transcribe", "gpt-4o-mini-transcribe">)), any_language,
    fallback};
constexpr Field cartesia[] = {word("model", words<"ink-whisper", "ink-2">), iso_language, fallback};
constexpr Field context_fields[] = {required(text("key", unbounded, 1)),
                                    required(text("value", unbounded, 1))};
constexpr Shape context_shape{context_fields};
constexpr Field soniox[] = {
    word("model", words<"stt-rt-v4", "stt-rt-v5">), iso_language,
    list(word("languages", iso_languages)),         flag("languageHintsStrict"),
    number("maxEndpointDelayMs", 500, 3000),        list(text("customVocabulary")),
    list(object("contextGeneral", context_shape)),  fallback};
constexpr Field xai[] = {word("model", words<"default">), any_language, fallback};
constexpr Field vapi[] = {word("version", words<"latest", "1">), iso_language,
                          list(word("languages", iso_languages)), list(text("keywords")),
                          word("turnTaking", words<"intelligent", "manual">)};

constexpr Variant providers[] = {
    {"assembly-ai", assembly_ai},
    {"azure", azure},
    {"custom-transcriber", custom_transcriber},
    {"deepgram", deepgram},
    {"11labs", eleven_labs},
    {"gladia", gladia},
    {"google", google},
    {"speechmatics", speechmatics},
    {"talkscriber", talkscriber},
    {"openai", openai},
    {"cartesia", cartesia},
    {"soniox", soniox},
    {"xai", xai},
    {"vapi", vapi},
};

}  // namespace

constexpr Shape transcriber{{}, "provider", providers};

}  // namespace vapisync::sandbox::schema
