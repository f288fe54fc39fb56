namespace OpsRunbook.Cmdlets;

/// <summary>Refuses times that nobody can wait for.</summary>
internal static class WaitingTime
{
    /// <summary>The time itself when it can be waited for.</summary>
    /// <param name="value">The time.</param>
    /// <param name="parameter">Name of the parameter.</param>
    /// <returns>The time.</returns>
    /// <exception cref="OpsException"><c>Endpoint.TimeoutInvalid</c>.</exception>
    public static TimeSpan Require(TimeSpan value, string parameter) => value > TimeSpan.Zero && value < TimeSpan.FromDays(24)
        ? value
        : throw new OpsException(
            "Endpoint.TimeoutInvalid",
            OpsErrorKind.InvalidArgument,
            $"-{parameter} {Duration.Format(value)} is not a time to wait.",
            "Give more than zero and less than 24 days, such as 5s.",
            parameter);
}
