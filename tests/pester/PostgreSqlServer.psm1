# A PostgreSQL server for tests: on a free loopback port, in a folder of its own, with a password.

<#
.SYNOPSIS
    The folder of the newest PostgreSQL programs of this machine; nothing when there is none.
#>
function Get-PostgreSqlFolder {
    Get-ChildItem /usr/lib/postgresql -Directory -ErrorAction Ignore |
        Sort-Object { [int]$_.Name } -Descending | ForEach-Object { Join-Path $_ 'bin' } | Where-Object { Test-Path "$_/initdb" } | Select-Object -First 1
}

<#
.SYNOPSIS
    Starts a server. It may need a moment until it answers.
.OUTPUTS
    Folder, Port, Password and Process.
#>
function Open-PostgreSqlServer {
    $binaries = Get-PostgreSqlFolder

    # The server refuses to run as root; its socket and data are in a folder of its own.
    $folder = [IO.Directory]::CreateTempSubdirectory('opsrunbook-pester-').FullName
    $account = if ([Environment]::UserName -eq 'root') { chown postgres $folder; 'setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups' } else { @() }
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start(); $port = $listener.LocalEndpoint.Port; $listener.Stop()
    $password = [Guid]::NewGuid().ToString('N')
    Set-Content "$folder/password" $password
    if ($account) { chown postgres "$folder/password" }
    $initialise = @($account) + "$binaries/initdb", '-D', "$folder/data", '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', "$folder/password", '--no-sync'
    Push-Location $folder
    $null = & $initialise[0] @($initialise[1..$initialise.Count])
    $start = @($account) + "$binaries/postgres", '-D', "$folder/data", '-p', "$port", '-c', 'listen_addresses=127.0.0.1', '-c', "unix_socket_directories=$folder", '-c', 'fsync=off'
    $process = Start-Process $start[0] $start[1..$start.Count] -PassThru -RedirectStandardError "$folder/log" -RedirectStandardOutput "$folder/out"
    Pop-Location
    [pscustomobject]@{ Folder = $folder; Port = $port; Password = $password; Process = $process }
}

<#
.SYNOPSIS
    Ends a server and removes its folder.
#>
function Close-PostgreSqlServer($Server) {
    if (-not $Server.Process.HasExited) {
        & kill -INT $Server.Process.Id
        $null = $Server.Process.WaitForExit(20000)
    }

    Remove-Item $Server.Folder -Recurse -Force
}

Export-ModuleMember -Function Get-PostgreSqlFolder, Open-PostgreSqlServer, Close-PostgreSqlServer
