using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Environments;

/// <summary>Failures about environment files. None of them holds a value.</summary>
internal static class EnvironmentErrors
{
    public static OpsException NameInvalid(string key) => new(
        "Environment.NameInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{Display.Text(key)}' is not a name for an environment variable.",
        "Use letters, digits and underscores, not beginning with a digit.",
        key);

    public static OpsException ValueInvalid(string path, string key, EnvironmentDialect dialect) => new(
        "Environment.ValueInvalid",
        OpsErrorKind.InvalidArgument,
        $"The value for {key} cannot be written to {path}: no form of it is read back alike by every reader of a {dialect} file.",
        dialect switch
        {
            EnvironmentDialect.Docker => "Such a file holds no line breaks.",
            EnvironmentDialect.Compose => "Give a value without ${ and without a mixture of quotes, dollar signs and backslashes.",
            _ => "Give a value without a mixture of all kinds of quotes and backslashes, for example in base64.",
        },
        key);

    public static OpsException FileAmbiguous(string path, string key, IReadOnlyList<string> problems) => new(
        "Environment.FileAmbiguous",
        OpsErrorKind.Refused,
        $"{key} cannot be changed in {path} without changing what another line means.{(problems.Count == 0 ? string.Empty : " " + problems[0])}",
        "Correct the file by hand first.",
        path);

    public static OpsException NotReadable(ServiceTarget target, string cause) => new(
        "Environment.NotReadable",
        OpsErrorKind.OperationFailed,
        $"The environment of '{target.Name}' on host '{target.Host}' cannot be read: {cause}.",
        "Run as root, or look at the configuration that it is started with.",
        target.Name);

    public static OpsException FileUnknown(ServiceTarget target, string cause) => new(
        "Environment.FileUnknown",
        OpsErrorKind.InvalidArgument,
        $"The environment file of '{target.Name}' on host '{target.Host}' is not known: {cause}",
        "Give the service 'environmentFile' with its whole path in the stack file.",
        target.Name);

    public static OpsException FileMissing(ServiceTarget target, string path) => new(
        "Environment.FileMissing",
        OpsErrorKind.NotFound,
        $"The environment file {path} of '{target.Name}' does not exist on host '{target.Host}'.",
        "Create it first, with the owner and mode that its secrets need.",
        path);

    public static OpsException FileChanged(ServiceTarget target, string path) => new(
        "Environment.FileChanged",
        OpsErrorKind.Refused,
        $"{path} of '{target.Name}' on host '{target.Host}' was changed by somebody else since.",
        "Look at what it says now: Get-ServiceEnvironment.",
        path);

    public static OpsException CannotSet(ServiceTarget target, string cause, string nextStep) => new(
        "Environment.CannotSet",
        OpsErrorKind.InvalidArgument,
        $"The environment of '{target.Name}' on host '{target.Host}' cannot be changed so: {cause}",
        nextStep,
        target.Name);

    public static OpsException NotArrived(ServiceTarget target, string key, string cause, string state) => new(
        "Environment.NotArrived",
        OpsErrorKind.OperationFailed,
        $"{key} of '{target.Name}' on host '{target.Host}' did not arrive in the service: {cause}; {state}.",
        "See where its environment comes from: the unit, the compose file or the start command.",
        target.Name);

    public static OpsException NotHealthy(ServiceTarget target, string key, string cause, string state) => new(
        "Environment.NotHealthy",
        OpsErrorKind.OperationFailed,
        $"With the new {key}, '{target.Name}' on host '{target.Host}' was not healthy: {cause}; {state}.",
        "Check the value.",
        target.Name);

    public static OpsException OutcomeUnknown(ServiceTarget target, string key, string cause) => new(
        "Environment.OutcomeUnknown",
        OpsErrorKind.Connection,
        $"Whether '{target.Name}' on host '{target.Host}' has the new {key} is not known: {cause}.",
        $"See what there is with Get-ServiceEnvironment {target.Name}.",
        target.Name);

    public static OpsException FileInvalid(string path) => new(
        "Environment.FileInvalid", OpsErrorKind.InvalidData, $"{path} is not a text file in UTF-8.", "Check that it is the right file.", path);
}
