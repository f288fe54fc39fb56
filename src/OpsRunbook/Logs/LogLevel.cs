namespace OpsRunbook;

/// <summary>How grave a log record is, the least grave first, so that <c>-ge</c> compares.</summary>
public enum LogLevel
{
    /// <summary>The record does not say.</summary>
    Unknown,

    /// <summary>Every step (pino 10, Serilog Verbose).</summary>
    Trace,

    /// <summary>For developers (pino 20, syslog 7).</summary>
    Debug,

    /// <summary>Normal work (pino 30, syslog 6).</summary>
    Info,

    /// <summary>Normal but worth a look (syslog 5).</summary>
    Notice,

    /// <summary>Something is not as it should be (pino 40, syslog 4).</summary>
    Warning,

    /// <summary>An operation failed (pino 50, syslog 3).</summary>
    Error,

    /// <summary>The service itself is in danger or ends (pino 60, fatal, panic, syslog 2 to 0).</summary>
    Critical,
}
