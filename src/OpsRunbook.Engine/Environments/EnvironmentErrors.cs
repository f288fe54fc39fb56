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

    public static OpsException FileInvalid(string path) => new(
        "Environment.FileInvalid", OpsErrorKind.InvalidData, $"{path} is not a text file in UTF-8.", "Check that it is the right file.", path);
}
