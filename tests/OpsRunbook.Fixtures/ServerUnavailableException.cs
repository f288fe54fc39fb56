namespace OpsRunbook.Fixtures;

/// <summary>A server cannot be had on this machine: a program is missing or a right is.</summary>
/// <param name="server">What was asked for.</param>
/// <param name="reason">Why it cannot be had.</param>
public sealed class ServerUnavailableException(string server, string reason)
    : Exception($"{server} is not available here: {reason}. tests/run.sh installs what the tests need.");
