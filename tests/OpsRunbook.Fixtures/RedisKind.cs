namespace OpsRunbook.Fixtures;

/// <summary>How a Redis server of the tests is reached.</summary>
public enum RedisKind
{
    /// <summary>Without TLS, one password.</summary>
    Plain,

    /// <summary>With TLS only, one password.</summary>
    Tls,

    /// <summary>Without TLS, with the ACL users <c>admin</c> (everything) and <c>app</c> (keys <c>app:*</c> only); the default user is off.</summary>
    Acl,
}
