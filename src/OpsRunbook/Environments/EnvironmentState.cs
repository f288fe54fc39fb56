namespace OpsRunbook;

/// <summary>How a variable of a running service stands to the file that its environment comes from.</summary>
public enum EnvironmentState
{
    /// <summary>The process has the value of the file.</summary>
    Same,

    /// <summary>The process has another value than the file.</summary>
    Differs,

    /// <summary>The file sets it, and the process was not started with it.</summary>
    OnlyInFile,

    /// <summary>The process was started with it, and the file does not set it.</summary>
    OnlyInProcess,

    /// <summary>It must be set and is not, neither in the file nor in the process.</summary>
    Missing,
}
