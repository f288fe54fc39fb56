namespace OpsRunbook;

/// <summary>What a value of the stack file must look like.</summary>
public enum StackForm
{
    /// <summary>Anything that fits the property's type.</summary>
    Any,

    /// <summary>A number without a unit.</summary>
    Number,

    /// <summary>A part in percent, 0 to 100: <c>80%</c> or <c>80</c>.</summary>
    Percent,

    /// <summary>A time, kept in seconds: <c>500ms</c>, <c>2s</c>; a bare number means seconds.</summary>
    Seconds,

    /// <summary>A number with any unit: <c>80%</c>, <c>500ms</c> (kept in seconds), <c>2GB</c> (kept in bytes), <c>50</c>.</summary>
    Quantity,

    /// <summary>An absolute <c>http</c> or <c>https</c> address.</summary>
    Url,

    /// <summary><c>host:port</c>.</summary>
    Endpoint,

    /// <summary><c>host:port</c>, or a port alone.</summary>
    Address,

    /// <summary>HTTP status codes: <c>200</c>, <c>2xx</c>, <c>200,204</c>, <c>200-399</c>.</summary>
    HttpStatus,

    /// <summary>A command as a list, one argument per item.</summary>
    Arguments,
}
