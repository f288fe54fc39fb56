namespace OpsRunbook.ConsoleRunner;

/// <summary>The command line cannot be carried out as it stands. Nothing was done; the exit code is 64.</summary>
/// <param name="id">Stable identifier such as <c>Usage.ParameterUnknown</c>.</param>
/// <param name="message">What is wrong and what would be right.</param>
internal sealed class UsageException(string id, string message) : Exception(message)
{
    public string Id { get; } = id;
}
