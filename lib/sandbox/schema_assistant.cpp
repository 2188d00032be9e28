// The top level of an assistant and the plans in it that belong to no provider.
#include "sandbox/schema.hpp"

namespace vapisync::sandbox::schema {
namespace {

constexpr Field backoff_fields[] = {
    required(word("type", words<"fixed", "exponential">)), required(number("maxRetries", 0, 10)),
    required(number("baseDelaySeconds", 0, 10)), list(anything("excludedStatusCodes"))};
constexpr Shape backoff{backoff_fields};
constexpr Field server_fields[] = {
    text("url"),
    number("timeoutSeconds", 1, 300),
    free_object("headers"),
    text("credentialId"),
    flag("staticIpAddressesEnabled"),
    list(text("encryptedPaths")),
    object("backoffPlan", backoff),
    text("secret"),  // not in the published schema, yet accepted
};

constexpr Field endpointing_rule_fields[] = {required(text("regex")),
                                             list(free_object("regexOptions")),
                                             required(number("timeoutSeconds", 0, 15))};
constexpr Field endpointing_both_fields[] = {
    required(text("assistantRegex")), list(free_object("assistantRegexOptions")),
    required(text("customerRegex")), list(free_object("customerRegexOptions")),
    required(number("timeoutSeconds", 0, 15))};
constexpr Variant endpointing_rules[] = {{"assistant", endpointing_rule_fields},
                                         {"customer", endpointing_rule_fields},
                                         {"both", endpointing_both_fields}};
constexpr Shape endpointing_rule{{}, "type", endpointing_rules};
constexpr Field smart_livekit[] = {text("waitFunction")};
constexpr Field smart_custom[] = {object("server", server)};
constexpr Variant smart_plans[] = {
    {"vapi", {}}, {"livekit", smart_livekit}, {"custom-endpointing-model", smart_custom}};
constexpr Shape smart_endpointing{{}, "provider", smart_plans};
constexpr Field transcription_endpointing_fields[] = {number("onPunctuationSeconds", 0, 3),
                                                      number("onNoPunctuationSeconds", 0, 3),
                                                      number("onNumberSeconds", 0, 3)};
constexpr Shape transcription_endpointing{transcription_endpointing_fields};
constexpr Field start_speaking_fields[] = {
    number("waitSeconds", 0, 5), anything("smartEndpointingEnabled"),
    object("smartEndpointingPlan", smart_endpointing),
    list(object("customEndpointingRules", endpointing_rule)),
    object("transcriptionEndpointingPlan", transcription_endpointing)};
constexpr Shape start_speaking{start_speaking_fields};
constexpr Field stop_speaking_fields[] = {
    number("numWords", 0, 10), number("voiceSeconds", 0, 0.5), number("backoffSeconds", 0, 10),
    list(text("acknowledgementPhrases", 240)), list(text("interruptionPhrases", 240))};
constexpr Shape stop_speaking{stop_speaking_fields};

constexpr Field transcript_plan_fields[] = {flag("enabled"), text("assistantName"),
                                            text("userName")};
constexpr Shape transcript_plan{transcript_plan_fields};
constexpr Field artifact_plan_fields[] = {flag("recordingEnabled"),
                                          word("recordingFormat", words<"wav;l16", "mp3">),
                                          flag("recordingUseCustomStorageEnabled"),
                                          flag("videoRecordingEnabled"),
                                          flag("fullMessageHistoryEnabled"),
                                          flag("pcapEnabled"),
                                          text("pcapS3PathPrefix"),
                                          flag("pcapUseCustomStorageEnabled"),
                                          flag("loggingEnabled"),
                                          flag("loggingUseCustomStorageEnabled"),
                                          object("transcriptPlan", transcript_plan),
                                          text("recordingPath"),
                                          list(text("structuredOutputIds")),
                                          list(free_object("structuredOutputs")),
                                          list(text("scorecardIds")),
                                          list(free_object("scorecards")),
                                          text("loggingPath")};
constexpr Shape artifact_plan{artifact_plan_fields};

constexpr Field summary_fields[] = {list(free_object("messages")), flag("enabled"),
                                    number("timeoutSeconds", 1, 60)};
constexpr Shape summary{summary_fields};
constexpr Field structured_data_fields[] = {list(free_object("messages")), flag("enabled"),
                                            free_object("schema"), number("timeoutSeconds", 1, 60)};
constexpr Shape structured_data{structured_data_fields};
constexpr Field structured_multi_fields[] = {required(text("key")),
                                             required(object("plan", structured_data))};
constexpr Shape structured_multi{structured_multi_fields};
constexpr Field evaluation_fields[] = {
    word("rubric", words<"NumericScale", "DescriptiveScale", "Checklist", "Matrix",
                         "PercentageScale", "LikertScale", "AutomaticRubric", "PassFail">),
    list(free_object("messages")), flag("enabled"), number("timeoutSeconds", 1, 60)};
constexpr Shape evaluation{evaluation_fields};
constexpr Field analysis_fields[] = {number("minMessagesThreshold", 0),
                                     object("summaryPlan", summary),
                                     object("structuredDataPlan", structured_data),
                                     list(object("structuredDataMultiPlan", structured_multi)),
                                     object("successEvaluationPlan", evaluation),
                                     list(text("outcomeIds"))};
constexpr Shape analysis{analysis_fields};

constexpr Field monitor_fields[] = {flag("listenEnabled"), flag("listenAuthenticationEnabled"),
                                    flag("controlEnabled"), flag("controlAuthenticationEnabled"),
                                    list(text("monitorIds"))};
constexpr Shape monitor{monitor_fields};

constexpr Field security_filter_fields[] = {flag("enabled"), list(free_object("filters")),
                                            word("mode", words<"sanitize", "reject", "replace">),
                                            text("replacementText")};
constexpr Shape security_filter{security_filter_fields};
constexpr Field consent_common[] = {
    required(text("message", 1000)), object("voice", voice),
    word("firstMessageMode", words<"assistant-speaks-first", "assistant-waits-for-user">)};
constexpr Field consent_stay[] = {number("waitSeconds", 1, 6)};
constexpr Field consent_verbal[] = {free_object("declineTool"), text("declineToolId")};
constexpr Variant consents[] = {{"stay-on-line", consent_stay}, {"verbal", consent_verbal}};
constexpr Shape consent{consent_common, "type", consents};
constexpr Field compliance_fields[] = {flag("hipaaEnabled"), flag("pciEnabled"),
                                       object("securityFilterPlan", security_filter),
                                       object("recordingConsentPlan", consent)};
constexpr Shape compliance{compliance_fields};

constexpr Field smart_denoising_fields[] = {flag("enabled")};
constexpr Shape smart_denoising{smart_denoising_fields};
constexpr Field fourier_fields[] = {flag("enabled"),
                                    flag("mediaDetectionEnabled"),
                                    number("staticThreshold", -80, 0),
                                    number("baselineOffsetDb", -30, -5),
                                    number("windowSizeMs", 1000, 30000),
                                    number("baselinePercentile", 1, 99)};
constexpr Shape fourier{fourier_fields};
constexpr Field denoising_fields[] = {object("smartDenoisingPlan", smart_denoising),
                                      object("fourierDenoisingPlan", fourier)};
constexpr Shape denoising{denoising_fields};

constexpr Field detection_backoff_fields[] = {
    number("startAtSeconds", 0), number("frequencySeconds", 2.5), number("maxRetries", 1, 10)};
constexpr Shape detection_backoff{detection_backoff_fields};
constexpr Field detection_model[] = {number("beepMaxAwaitSeconds", 0, 30),
                                     object("backoffPlan", detection_backoff),
                                     word("type", words<"audio", "transcript">)};
constexpr Field detection_twilio[] = {
    list(word("voicemailDetectionTypes",
              words<"machine_start", "human", "fax", "unknown", "machine_end_beep",
                    "machine_end_silence", "machine_end_other">)),
    flag("enabled"),
    number("machineDetectionTimeout", 3, 59),
    number("machineDetectionSpeechThreshold", 1000, 6000),
    number("machineDetectionSpeechEndThreshold", 500, 5000),
    number("machineDetectionSilenceTimeout", 2000, 10000)};
constexpr Variant detections[] = {{"google", detection_model},
                                  {"openai", detection_model},
                                  {"twilio", detection_twilio},
                                  {"vapi", detection_model}};
constexpr Shape voicemail_detection{{}, "provider", detections};

constexpr Field langfuse[] = {text("promptName"), number("promptVersion", 1), text("traceName"),
                              required(list(text("tags"))), free_object("metadata")};
constexpr Variant observers[] = {{"langfuse", langfuse}};
constexpr Shape observability{{}, "provider", observers};
constexpr Field twilio_transport[] = {number("timeout", 1, 600), flag("record"),
                                      word("recordingChannels", words<"mono", "dual">)};
constexpr Variant transports[] = {{"twilio", twilio_transport}};
constexpr Shape transport{{}, "provider", transports};
constexpr Field keypad_fields[] = {flag("enabled"), number("timeoutSeconds", 0, 10),
                                   word("delimiters", words<"#", "*", "">)};
constexpr Shape keypad{keypad_fields};

constexpr Field assistant_fields[] = {
    text("name", 40),
    text("firstMessage"),
    word("firstMessageMode",
         words<"assistant-speaks-first", "assistant-speaks-first-with-model-generated-message",
               "assistant-waits-for-user">),
    flag("firstMessageInterruptionsEnabled"),
    object("model", model),
    object("voice", voice),
    object("transcriber", transcriber),
    number("maxDurationSeconds", 10, 43200),
    text("voicemailMessage", 1000),
    text("endCallMessage", 1000),
    list(text("endCallPhrases", 140, 2)),
    text("backgroundSound"),
    list(word(
        "serverMessages",
        words<"assistant.started", "assistant.speechStarted", "conversation-update",
              "end-of-call-report", "function-call", "hang", "language-changed",
              "language-change-detected", "model-output", "phone-call-control", "speech-update",
              "status-update", "transcript", "transcript[transcriptType=\"final\"]", "tool-calls",
              "transfer-destination-request", "handoff-destination-request", "transfer-update",
              "user-interrupted", "voice-input", "chat.created", "chat.deleted", "session.created",
              "session.updated", "session.deleted", "call.deleted", "call.delete.failed",
              "call.artifact.upload">)),
    list(word("clientMessages",
              words<"conversation-update", "assistant.speechStarted", "function-call",
                    "function-call-result", "hang", "language-changed", "metadata", "model-output",
                    "speech-update", "status-update", "transcript", "tool-calls",
                    "tool-calls-result", "tool.completed", "transfer-update", "user-interrupted",
                    "voice-input", "workflow.node.started", "assistant.started">)),
    object("voicemailDetection", voicemail_detection, words<"off">),
    flag("modelOutputInMessagesEnabled"),
    list(object("transportConfigurations", transport)),
    object("observabilityPlan", observability),
    list(free_object("credentials")),
    list(text("credentialIds")),
    anything("hooks"),  // what is wrong in here is dropped, not refused
    object("compliancePlan", compliance),
    free_object("metadata"),
    object("backgroundSpeechDenoisingPlan", denoising),
    object("analysisPlan", analysis),
    object("artifactPlan", artifact_plan),
    object("startSpeakingPlan", start_speaking),
    object("stopSpeakingPlan", stop_speaking),
    object("monitorPlan", monitor),
    object("server", server),
    object("keypadInputPlan", keypad),
    // Not in the published schema, yet accepted.
    number("silenceTimeoutSeconds", 10),
    text("serverUrl"),
    text("serverUrlSecret"),
};

}  // namespace

constexpr Shape server{server_fields};
constexpr Shape assistant{assistant_fields};

}  // namespace vapisync::sandbox::schema
