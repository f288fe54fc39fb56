namespace OpsRunbook;

/// <summary>What kind of failure an <see cref="OpsException"/> is; each maps to one PowerShell error category.</summary>
public enum OpsErrorKind
{
    /// <summary>The call itself cannot be carried out: a wrong parameter, path or name.</summary>
    InvalidArgument,

    /// <summary>A file, stack, host, database or other thing that was named does not exist.</summary>
    NotFound,

    /// <summary>A file or answer does not have the form it must have.</summary>
    InvalidData,

    /// <summary>The other end cannot be reached or closed the connection.</summary>
    Connection,

    /// <summary>The other end refused the credential, or a file may not be read or written.</summary>
    PermissionDenied,

    /// <summary>Nothing happened within the time allowed.</summary>
    Timeout,

    /// <summary>A tool that the operation needs is not installed on the machine it should run on.</summary>
    NotInstalled,

    /// <summary>A guard refused the operation, or its precondition does not hold.</summary>
    Refused,

    /// <summary>The operation started and failed.</summary>
    OperationFailed,

    /// <summary>A defect of the module itself.</summary>
    Unexpected,
}
